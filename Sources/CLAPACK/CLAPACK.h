// LAPACK through its C interface: routines that take arrays by columns, allocate their own workspace and return a status.
#include <lapacke.h>

// The width of its integers is a macro, which Swift cannot see.
typedef lapack_int weft_lapack_int;
