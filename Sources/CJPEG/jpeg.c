// libjpeg reports errors by a function that must not return: here it jumps out of the decoder, which Swift could not do.

#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

// A progressive file may name any number of passes over the whole image; real ones have some ten.
enum { scan_limit = 64 };

struct reader {
    struct jpeg_decompress_struct control;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    char *message;
};

static void fail(j_common_ptr control)
{
    struct reader *reader = control->client_data;
    char text[JMSG_LENGTH_MAX];
    control->err->format_message(control, text);
    snprintf(reader->message, weft_jpeg_message_size, "%s", text);
    longjmp(reader->escape, 1);
}

// A warning means data that were made up for damaged or missing ones, but for these, which cost no pixel.
static void emit(j_common_ptr control, int level)
{
    switch (control->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_TOO_MUCH_DATA:
    case JWRN_ADOBE_XFORM: return;
    default:
        if (level < 0) fail(control);
    }
}

static void count_scans(j_common_ptr control)
{
    struct reader *reader = control->client_data;
    if (reader->control.input_scan_number <= scan_limit) return;
    snprintf(reader->message, weft_jpeg_message_size, "it has more than %d scans", scan_limit);
    longjmp(reader->escape, 1);
}

static void begin(struct reader *reader, const uint8_t *bytes, size_t count)
{
    jpeg_create_decompress(&reader->control);
    // Only what a progressive file keeps counts here: its coefficients, some 2 bytes for each value.
    reader->control.mem->max_memory_to_use = (64L << 20) + 32 * (long)count;
    reader->progress.progress_monitor = count_scans;
    reader->control.progress = &reader->progress;
    jpeg_mem_src(&reader->control, bytes, (unsigned long)count);
    jpeg_read_header(&reader->control, TRUE);
}

// `setjmp` has to be in a frame that is still there when the decoder jumps, so each function has its own.
static void prepare(struct reader *reader, char *message)
{
    memset(reader, 0, sizeof *reader);
    reader->message = message;
    reader->control.err = jpeg_std_error(&reader->errors);
    reader->errors.error_exit = fail;
    reader->errors.emit_message = emit;
    reader->control.client_data = reader;
}

static int channels(const struct jpeg_decompress_struct *control)
{
    return control->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
}

int weft_jpeg_read_header(
    const uint8_t *bytes, size_t count, struct weft_jpeg_header *header, char *message)
{
    struct reader reader;
    prepare(&reader, message);
    if (setjmp(reader.escape)) {
        jpeg_destroy_decompress(&reader.control);
        return 1;
    }
    begin(&reader, bytes, count);
    header->width = (int)reader.control.image_width;
    header->height = (int)reader.control.image_height;
    header->channels = channels(&reader.control);
    jpeg_destroy_decompress(&reader.control);
    return 0;
}

// Four inks to red, green and blue. Adobe's programs store them inverted, and say so by their marker.
static void mix_inks(const uint8_t *inks, uint8_t *pixels, size_t width, int is_inverted)
{
    for (size_t column = 0; column < width; column++) {
        const unsigned flip = is_inverted ? 0 : 255;
        const unsigned black = inks[4 * column + 3] ^ flip;
        for (size_t channel = 0; channel < 3; channel++)
            pixels[3 * column + channel] = (uint8_t)(((inks[4 * column + channel] ^ flip) * black + 127) / 255);
    }
}

int weft_jpeg_decode(
    const uint8_t *bytes, size_t count, const struct weft_jpeg_header *header, uint8_t *pixels, char *message)
{
    struct reader reader;
    uint8_t *volatile inks = NULL;
    prepare(&reader, message);
    if (setjmp(reader.escape)) {
        free(inks);
        jpeg_destroy_decompress(&reader.control);
        return 1;
    }
    begin(&reader, bytes, count);
    struct jpeg_decompress_struct *control = &reader.control;
    const int has_inks = control->jpeg_color_space == JCS_CMYK || control->jpeg_color_space == JCS_YCCK;
    control->out_color_space = has_inks ? JCS_CMYK : channels(control) == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(control);
    const size_t width = control->output_width, row_size = width * (size_t)header->channels;
    if ((int)width != header->width || (int)control->output_height != header->height
        || channels(control) != header->channels || control->output_components != (has_inks ? 4 : header->channels)) {
        snprintf(message, weft_jpeg_message_size, "it is not what its header says");
        longjmp(reader.escape, 1);
    }
    if (has_inks && !(inks = malloc(width * 4))) {
        snprintf(message, weft_jpeg_message_size, "there is no memory for a row");
        longjmp(reader.escape, 1);
    }
    while (control->output_scanline < control->output_height) {
        uint8_t *target = pixels + control->output_scanline * row_size;
        JSAMPROW row = has_inks ? inks : target;
        jpeg_read_scanlines(control, &row, 1);
        if (has_inks) mix_inks(inks, target, width, control->saw_Adobe_marker);
    }
    jpeg_finish_decompress(control);
    free(inks);
    jpeg_destroy_decompress(control);
    return 0;
}
