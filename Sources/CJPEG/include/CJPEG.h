#ifndef WEFT_JPEG_H
#define WEFT_JPEG_H

#include <stddef.h>
#include <stdint.h>

/// What a JPEG's header says.
struct weft_jpeg_header {
    int width;
    int height;
    /// 1 for grey, else 3.
    int channels;
};

/// Room for a message, with its final zero.
enum { weft_jpeg_message_size = 256 };

/// Reads the header of a file in memory. Returns 0, or 1 with the reason in `message`.
int weft_jpeg_read_header(
    const uint8_t *bytes, size_t count, struct weft_jpeg_header *header, char *message);

/// Decodes a file in memory to 8-bit grey or RGB, rows from the top, into `pixels` with room for the header's
/// width · height · channels. Damaged and incomplete data are errors. Returns 0, or 1 with the reason in `message`.
int weft_jpeg_decode(
    const uint8_t *bytes, size_t count, const struct weft_jpeg_header *header, uint8_t *pixels, char *message);

#endif
