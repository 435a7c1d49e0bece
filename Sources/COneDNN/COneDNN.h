// oneDNN's C API, and the one place that knows its versions apart.
//
// Version 2 has operation descriptors and memory descriptors by value, version 3 creates primitive descriptors directly and
// keeps memory descriptors opaque. Weft uses the calls below, shaped like version 3's.
#ifndef WEFT_CONEDNN_H
#define WEFT_CONEDNN_H

#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t weft_md;
typedef const_dnnl_memory_desc_t weft_const_md;
#else
typedef dnnl_memory_desc_t *weft_md;
typedef const dnnl_memory_desc_t *weft_const_md;
#endif

// MARK: Memory descriptors; each is freed with weft_md_destroy.

#if DNNL_VERSION_MAJOR >= 3

static inline dnnl_status_t weft_md_create_with_tag(
    weft_md *md, int rank, const dnnl_dim_t *dims, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    return dnnl_memory_desc_create_with_tag(md, rank, dims, type, tag);
}
static inline dnnl_status_t weft_md_create_with_strides(
    weft_md *md, int rank, const dnnl_dim_t *dims, dnnl_data_type_t type, const dnnl_dim_t *strides) {
    return dnnl_memory_desc_create_with_strides(md, rank, dims, type, strides);
}
static inline dnnl_status_t weft_md_clone(weft_md *md, weft_const_md source) {
    return dnnl_memory_desc_clone(md, source);
}
static inline void weft_md_destroy(weft_md md) { dnnl_memory_desc_destroy(md); }
static inline dnnl_status_t weft_md_permute(weft_md *md, weft_const_md source, const int *permutation) {
    return dnnl_memory_desc_permute_axes(md, source, permutation);
}
static inline dnnl_data_type_t weft_md_type(weft_const_md md) {
    dnnl_data_type_t type = dnnl_data_type_undef;
    dnnl_memory_desc_query(md, dnnl_query_data_type, &type);
    return type;
}
/// The same arrangement of elements of another type. Version 3 hides how elements are blocked: only row-major layouts, and
/// images in blocks of 8 or 16 of their last axis, can be told.
static inline dnnl_status_t weft_md_with_type(weft_md *md, weft_const_md source, dnnl_data_type_t type) {
    int rank = 0, blocks = 0;
    dnnl_dims_t *dims = NULL, *strides = NULL;
    dnnl_memory_desc_query(source, dnnl_query_ndims_s32, &rank);
    dnnl_memory_desc_query(source, dnnl_query_inner_nblks_s32, &blocks);
    dnnl_memory_desc_query(source, dnnl_query_dims, &dims);
    dnnl_memory_desc_query(source, dnnl_query_strides, &strides);
    if (!dims || !strides) return dnnl_unimplemented;
    if (blocks == 0) return dnnl_memory_desc_create_with_strides(md, rank, *dims, type, *strides);
    const dnnl_format_tag_t tags[2] = {dnnl_nChw8c, dnnl_nChw16c};
    const dnnl_dims_t image = {(*dims)[0], (*dims)[3], (*dims)[1], (*dims)[2]};
    const int last[4] = {0, 3, 1, 2};
    for (int i = 0; rank == 4 && i < 2; i++) {
        weft_md as_it_is = NULL, blocked = NULL, candidate = NULL;
        dnnl_status_t status = dnnl_memory_desc_create_with_tag(&as_it_is, 4, image, weft_md_type(source), tags[i]);
        if (status == dnnl_success) status = dnnl_memory_desc_permute_axes(&candidate, as_it_is, last);
        int is_same = status == dnnl_success && dnnl_memory_desc_equal(candidate, source);
        if (is_same) status = dnnl_memory_desc_create_with_tag(&blocked, 4, image, type, tags[i]);
        if (is_same && status == dnnl_success) status = dnnl_memory_desc_permute_axes(md, blocked, last);
        if (as_it_is) dnnl_memory_desc_destroy(as_it_is);
        if (candidate) dnnl_memory_desc_destroy(candidate);
        if (blocked) dnnl_memory_desc_destroy(blocked);
        if (is_same || status != dnnl_success) return status;
    }
    return dnnl_unimplemented;
}
/// Whether two descriptors place every element at the same address: equal, but for strides of axes of length 1.
static inline int weft_md_same_memory(weft_const_md a, weft_const_md b) {
    if (dnnl_memory_desc_equal(a, b)) return 1;
    if (weft_md_type(a) != weft_md_type(b)) return 0;
    int rank = 0, rank_b = 0, blocks = 1, blocks_b = 1;
    dnnl_dims_t *dims = NULL, *dims_b = NULL, *strides = NULL, *strides_b = NULL;
    dnnl_memory_desc_query(a, dnnl_query_ndims_s32, &rank);
    dnnl_memory_desc_query(b, dnnl_query_ndims_s32, &rank_b);
    dnnl_memory_desc_query(a, dnnl_query_inner_nblks_s32, &blocks);
    dnnl_memory_desc_query(b, dnnl_query_inner_nblks_s32, &blocks_b);
    if (rank != rank_b || blocks || blocks_b) return 0;
    if (dnnl_memory_desc_query(a, dnnl_query_dims, &dims) || dnnl_memory_desc_query(b, dnnl_query_dims, &dims_b)
        || dnnl_memory_desc_query(a, dnnl_query_strides, &strides)
        || dnnl_memory_desc_query(b, dnnl_query_strides, &strides_b))
        return 0;
    for (int i = 0; i < rank; i++)
        if ((*dims)[i] != (*dims_b)[i] || ((*dims)[i] != 1 && (*strides)[i] != (*strides_b)[i])) return 0;
    return 1;
}

#else

static inline dnnl_status_t weft_md_clone(weft_md *md, weft_const_md source) {
    *md = malloc(sizeof **md);
    if (!*md) return dnnl_out_of_memory;
    **md = *source;
    return dnnl_success;
}
static inline dnnl_status_t weft_md_create_with_tag(
    weft_md *md, int rank, const dnnl_dim_t *dims, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t value;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&value, rank, dims, type, tag);
    return status == dnnl_success ? weft_md_clone(md, &value) : status;
}
static inline dnnl_status_t weft_md_create_with_strides(
    weft_md *md, int rank, const dnnl_dim_t *dims, dnnl_data_type_t type, const dnnl_dim_t *strides) {
    dnnl_memory_desc_t value;
    dnnl_status_t status = dnnl_memory_desc_init_by_strides(&value, rank, dims, type, strides);
    return status == dnnl_success ? weft_md_clone(md, &value) : status;
}
static inline void weft_md_destroy(weft_md md) { free(md); }
static inline dnnl_status_t weft_md_permute(weft_md *md, weft_const_md source, const int *permutation) {
    dnnl_memory_desc_t value;
    dnnl_status_t status = dnnl_memory_desc_permute_axes(&value, source, permutation);
    return status == dnnl_success ? weft_md_clone(md, &value) : status;
}
static inline dnnl_data_type_t weft_md_type(weft_const_md md) { return md->data_type; }
/// The same arrangement of elements of another type.
static inline dnnl_status_t weft_md_with_type(weft_md *md, weft_const_md source, dnnl_data_type_t type) {
    dnnl_status_t status = weft_md_clone(md, source);
    if (status == dnnl_success) (*md)->data_type = type;
    return status;
}
/// Whether two descriptors place every element at the same address: equal, but for strides of axes of length 1.
static inline int weft_md_same_memory(weft_const_md a, weft_const_md b) {
    if (dnnl_memory_desc_equal(a, b)) return 1;
    if (a->ndims != b->ndims || a->data_type != b->data_type || a->format_kind != dnnl_blocked
        || b->format_kind != dnnl_blocked || a->format_desc.blocking.inner_nblks || b->format_desc.blocking.inner_nblks)
        return 0;
    for (int i = 0; i < a->ndims; i++)
        if (a->dims[i] != b->dims[i]
            || (a->dims[i] != 1 && a->format_desc.blocking.strides[i] != b->format_desc.blocking.strides[i]))
            return 0;
    return 1;
}

#endif

// MARK: Primitive descriptors; `hint` is the forward one, and may be null for forward primitives.

#if DNNL_VERSION_MAJOR >= 3

static inline dnnl_status_t weft_convolution_forward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg, weft_const_md src,
    weft_const_md weights, weft_const_md bias, weft_const_md dst, const dnnl_dim_t *strides, const dnnl_dim_t *dilates,
    const dnnl_dim_t *pad_l, const dnnl_dim_t *pad_r, const_dnnl_primitive_attr_t attr) {
    return dnnl_convolution_forward_primitive_desc_create(
        pd, engine, prop, alg, src, weights, bias, dst, strides, dilates, pad_l, pad_r, attr);
}
static inline dnnl_status_t weft_convolution_backward_data(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, weft_const_md diff_src, weft_const_md weights,
    weft_const_md diff_dst, const dnnl_dim_t *strides, const dnnl_dim_t *dilates, const dnnl_dim_t *pad_l,
    const dnnl_dim_t *pad_r, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    return dnnl_convolution_backward_data_primitive_desc_create(
        pd, engine, alg, diff_src, weights, diff_dst, strides, dilates, pad_l, pad_r, hint, attr);
}
static inline dnnl_status_t weft_convolution_backward_weights(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, weft_const_md src, weft_const_md diff_weights,
    weft_const_md diff_bias, weft_const_md diff_dst, const dnnl_dim_t *strides, const dnnl_dim_t *dilates,
    const dnnl_dim_t *pad_l, const dnnl_dim_t *pad_r, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    return dnnl_convolution_backward_weights_primitive_desc_create(
        pd, engine, alg, src, diff_weights, diff_bias, diff_dst, strides, dilates, pad_l, pad_r, hint, attr);
}
static inline dnnl_status_t weft_inner_product_forward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, weft_const_md src, weft_const_md weights,
    weft_const_md bias, weft_const_md dst, const_dnnl_primitive_attr_t attr) {
    return dnnl_inner_product_forward_primitive_desc_create(pd, engine, prop, src, weights, bias, dst, attr);
}
static inline dnnl_status_t weft_inner_product_backward_data(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, weft_const_md diff_src, weft_const_md weights, weft_const_md diff_dst,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    return dnnl_inner_product_backward_data_primitive_desc_create(pd, engine, diff_src, weights, diff_dst, hint, attr);
}
static inline dnnl_status_t weft_inner_product_backward_weights(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, weft_const_md src, weft_const_md diff_weights, weft_const_md diff_bias,
    weft_const_md diff_dst, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    return dnnl_inner_product_backward_weights_primitive_desc_create(
        pd, engine, src, diff_weights, diff_bias, diff_dst, hint, attr);
}
static inline dnnl_status_t weft_pooling_forward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg, weft_const_md src,
    weft_const_md dst, const dnnl_dim_t *strides, const dnnl_dim_t *kernel, const dnnl_dim_t *pad_l,
    const dnnl_dim_t *pad_r, const_dnnl_primitive_attr_t attr) {
    const dnnl_dim_t dilation[2] = {0, 0};
    return dnnl_pooling_forward_primitive_desc_create(
        pd, engine, prop, alg, src, dst, strides, kernel, dilation, pad_l, pad_r, attr);
}
static inline dnnl_status_t weft_pooling_backward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, weft_const_md diff_src, weft_const_md diff_dst,
    const dnnl_dim_t *strides, const dnnl_dim_t *kernel, const dnnl_dim_t *pad_l, const dnnl_dim_t *pad_r,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    const dnnl_dim_t dilation[2] = {0, 0};
    return dnnl_pooling_backward_primitive_desc_create(
        pd, engine, alg, diff_src, diff_dst, strides, kernel, dilation, pad_l, pad_r, hint, attr);
}
static inline dnnl_status_t weft_matmul(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, weft_const_md src, weft_const_md weights, weft_const_md bias,
    weft_const_md dst, const_dnnl_primitive_attr_t attr) {
    return dnnl_matmul_primitive_desc_create(pd, engine, src, weights, bias, dst, attr);
}
static inline dnnl_status_t weft_post_ops_append_eltwise(
    dnnl_post_ops_t ops, dnnl_alg_kind_t alg, float alpha, float beta) {
    return dnnl_post_ops_append_eltwise(ops, alg, alpha, beta);
}

#else

#define WEFT_CREATE(operation, init, hint)                                                                       \
    dnnl_status_t status = init;                                                                                 \
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &operation, attr, engine, hint) : status

static inline dnnl_status_t weft_convolution_forward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg, weft_const_md src,
    weft_const_md weights, weft_const_md bias, weft_const_md dst, const dnnl_dim_t *strides, const dnnl_dim_t *dilates,
    const dnnl_dim_t *pad_l, const dnnl_dim_t *pad_r, const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t operation;
    WEFT_CREATE(
        operation,
        dnnl_dilated_convolution_forward_desc_init(
            &operation, prop, alg, src, weights, bias, dst, strides, dilates, pad_l, pad_r),
        NULL);
}
static inline dnnl_status_t weft_convolution_backward_data(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, weft_const_md diff_src, weft_const_md weights,
    weft_const_md diff_dst, const dnnl_dim_t *strides, const dnnl_dim_t *dilates, const dnnl_dim_t *pad_l,
    const dnnl_dim_t *pad_r, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t operation;
    WEFT_CREATE(
        operation,
        dnnl_dilated_convolution_backward_data_desc_init(
            &operation, alg, diff_src, weights, diff_dst, strides, dilates, pad_l, pad_r),
        hint);
}
static inline dnnl_status_t weft_convolution_backward_weights(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, weft_const_md src, weft_const_md diff_weights,
    weft_const_md diff_bias, weft_const_md diff_dst, const dnnl_dim_t *strides, const dnnl_dim_t *dilates,
    const dnnl_dim_t *pad_l, const dnnl_dim_t *pad_r, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t operation;
    WEFT_CREATE(
        operation,
        dnnl_dilated_convolution_backward_weights_desc_init(
            &operation, alg, src, diff_weights, diff_bias, diff_dst, strides, dilates, pad_l, pad_r),
        hint);
}
static inline dnnl_status_t weft_inner_product_forward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, weft_const_md src, weft_const_md weights,
    weft_const_md bias, weft_const_md dst, const_dnnl_primitive_attr_t attr) {
    dnnl_inner_product_desc_t operation;
    WEFT_CREATE(
        operation, dnnl_inner_product_forward_desc_init(&operation, prop, src, weights, bias, dst), NULL);
}
static inline dnnl_status_t weft_inner_product_backward_data(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, weft_const_md diff_src, weft_const_md weights, weft_const_md diff_dst,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_inner_product_desc_t operation;
    WEFT_CREATE(
        operation, dnnl_inner_product_backward_data_desc_init(&operation, diff_src, weights, diff_dst), hint);
}
static inline dnnl_status_t weft_inner_product_backward_weights(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, weft_const_md src, weft_const_md diff_weights, weft_const_md diff_bias,
    weft_const_md diff_dst, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_inner_product_desc_t operation;
    WEFT_CREATE(
        operation,
        dnnl_inner_product_backward_weights_desc_init(&operation, src, diff_weights, diff_bias, diff_dst), hint);
}
static inline dnnl_status_t weft_pooling_forward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg, weft_const_md src,
    weft_const_md dst, const dnnl_dim_t *strides, const dnnl_dim_t *kernel, const dnnl_dim_t *pad_l,
    const dnnl_dim_t *pad_r, const_dnnl_primitive_attr_t attr) {
    dnnl_pooling_desc_t operation;
    WEFT_CREATE(
        operation,
        dnnl_pooling_forward_desc_init(&operation, prop, alg, src, dst, strides, kernel, pad_l, pad_r), NULL);
}
static inline dnnl_status_t weft_pooling_backward(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, weft_const_md diff_src, weft_const_md diff_dst,
    const dnnl_dim_t *strides, const dnnl_dim_t *kernel, const dnnl_dim_t *pad_l, const dnnl_dim_t *pad_r,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_pooling_desc_t operation;
    WEFT_CREATE(
        operation,
        dnnl_pooling_backward_desc_init(&operation, alg, diff_src, diff_dst, strides, kernel, pad_l, pad_r), hint);
}
static inline dnnl_status_t weft_matmul(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, weft_const_md src, weft_const_md weights, weft_const_md bias,
    weft_const_md dst, const_dnnl_primitive_attr_t attr) {
    dnnl_matmul_desc_t operation;
    WEFT_CREATE(operation, dnnl_matmul_desc_init(&operation, src, weights, bias, dst), NULL);
}
static inline dnnl_status_t weft_post_ops_append_eltwise(
    dnnl_post_ops_t ops, dnnl_alg_kind_t alg, float alpha, float beta) {
    return dnnl_post_ops_append_eltwise(ops, 1, alg, alpha, beta);
}

#endif

// MARK: Reading a primitive descriptor (the same calls in both versions, cast for Swift)

/// The layout a primitive chose for `what` (dnnl_query_src_md, …); null where it has none.
static inline weft_const_md weft_query_md(const_dnnl_primitive_desc_t pd, dnnl_query_t what, int index) {
    return dnnl_primitive_desc_query_md(pd, what, index);
}
static inline const char *weft_query_implementation(const_dnnl_primitive_desc_t pd) {
    const char *text = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&text);
    return text;
}

#endif
