// Two functions of posix_spawn that glibc shows only to programs that ask for GNU's extensions, which Swift's import of it
// does not.
#include <spawn.h>

#if defined(__linux__)
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
#endif
