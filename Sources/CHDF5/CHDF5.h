// HDF5's C API. Functions stand in for the macros that Swift cannot see, and for what differs between versions.
#ifndef WEFT_CHDF5_H
#define WEFT_CHDF5_H

#if __has_include(<hdf5/serial/hdf5.h>)
#include <hdf5/serial/hdf5.h>
#else
#include <hdf5.h>
#endif

static inline hid_t weft_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t weft_h5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t weft_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t weft_h5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t weft_h5_native_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t weft_h5_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t weft_h5_int64(void) { return H5T_STD_I64LE; }
static inline hid_t weft_h5_c_string(void) { return H5T_C_S1; }
static inline size_t weft_h5_variable_length(void) { return H5T_VARIABLE; }
static inline unsigned weft_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned weft_h5_truncate(void) { return H5F_ACC_TRUNC; }

/// The kind of a link, without following it; negative where there is none.
static inline int weft_h5_link_type(hid_t group, const char *name) {
#if H5_VERS_MAJOR > 1 || H5_VERS_MINOR >= 12
    H5L_info2_t info;
    return H5Lget_info2(group, name, &info, H5P_DEFAULT) < 0 ? -1 : (int)info.type;
#else
    H5L_info_t info;
    return H5Lget_info(group, name, &info, H5P_DEFAULT) < 0 ? -1 : (int)info.type;
#endif
}

#endif
