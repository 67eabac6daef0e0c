/* Reads the task folder that benches/PROTOCOL.md describes. */

#include "task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct line *lines;
uint32_t line_count;
struct chain *chains;
uint32_t chain_count;
struct response *responses;
uint32_t response_count;

void fail(const char *what, const char *detail) {
    fprintf(stderr, "%s: %s\n", what, detail);
    exit(1);
}

void *allocate(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) fail("memory", "out of it");
    return memory;
}

/* One more element at the end of an array whose room is always a power of two. */
void *grown(void *array, uint32_t count, size_t size) {
    if (count & (count - 1)) return array;
    void *memory = realloc(array, (count ? (size_t)count * 2 : 1) * size);
    if (!memory) fail("memory", "out of it");
    return memory;
}

char *read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    struct stat stat;
    if (fstat(fileno(file), &stat)) fail(path, strerror(errno));
    char *bytes = allocate((size_t)stat.st_size + 1, 1);
    if (fread(bytes, 1, (size_t)stat.st_size, file) != (size_t)stat.st_size) fail(path, "cannot be read");
    fclose(file);
    *length = (size_t)stat.st_size;
    return bytes;
}

char *joined(const char *folder, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0) fail("memory", "out of it");
    return path;
}

static char *task_file(const char *task, const char *name, size_t *length) {
    char *path = joined(task, name), *bytes = read_file(path, length);
    if (!bytes) fail(path, strerror(errno));
    free(path);
    return bytes;
}

/* --- the task ---
 * The objects are flat, their keys are known and their strings have no escapes: looking for `"key":` is all the JSON that is needed. */

static const char *value_of(const char *object, const char *key) {
    size_t length = strlen(key);
    for (const char *at = object; (at = strchr(at, '"')); at++) {
        if (strncmp(at + 1, key, length) || at[1 + length] != '"') continue;
        const char *after = at + length + 2;
        after += strspn(after, " \t");
        if (*after != ':') continue; /* a value that reads like the key */
        after++;
        return after + strspn(after, " \t");
    }
    fail(key, "is missing in an object of the task");
}

static bool true_in(const char *object, const char *key) {
    return !strncmp(value_of(object, key), "true", 4);
}

static char *base64_in(const char *object, const char *key, size_t *length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = value_of(object, key);
    if (*text++ != '"') fail(key, "is not a string");
    char *bytes = allocate(strcspn(text, "\"") + 1, 1);
    uint32_t bits = 0, have = 0;
    *length = 0;
    for (const char *digit; *text && *text != '"' && *text != '='; text++) {
        if (!(digit = strchr(digits, *text))) fail(key, "is not base64");
        bits = bits << 6 | (uint32_t)(digit - digits);
        if ((have += 6) >= 8) bytes[(*length)++] = (char)(bits >> (have -= 8));
    }
    return bytes;
}

static void read_lines(const char *task) {
    size_t length;
    char *text = task_file(task, "lines.jsonl", &length);
    for (char *object = strtok(text, "\n"); object; object = strtok(NULL, "\n")) {
        lines = grown(lines, line_count, sizeof *lines);
        struct line *line = &lines[line_count++];
        *line = (struct line){.caseless = true_in(object, "caseless"),
                              .dotall = true_in(object, "dotall"),
                              .captures = true_in(object, "captures")};
        line->pattern = base64_in(object, "pattern", &line->length);
    }
    free(text);
}

static void read_chains(const char *task) {
    size_t length;
    char *text = task_file(task, "chains.jsonl", &length);
    for (char *object = strtok(text, "\n"); object; object = strtok(NULL, "\n")) {
        chains = grown(chains, chain_count, sizeof *chains);
        struct chain *chain = &chains[chain_count++];
        *chain = (struct chain){.responses = (uint32_t)strtoul(value_of(object, "responses"), NULL, 10)};
        const char *at = value_of(object, "lines");
        if (*at++ != '[') fail("lines", "is not an array");
        while (*(at += strspn(at, " \t,")) == '[') {
            char *next;
            struct span span;
            span.start = (uint32_t)strtoul(at + 1, &next, 10);
            next += strspn(next, " \t,");
            span.end = (uint32_t)strtoul(next, &next, 10);
            next += strspn(next, " \t");
            if (*next != ']' || span.start > span.end || span.end > line_count) fail("lines", "is not an array of ranges");
            at = next + 1;
            if (span.start == span.end) continue;
            chain->spans = grown(chain->spans, chain->span_count, sizeof span);
            chain->spans[chain->span_count++] = span;
        }
    }
    free(text);
}

static void read_responses(const char *task) {
    size_t length;
    const char *at = task_file(task, "responses.bin", &length), *end = at + length;
    while (at < end) {
        const unsigned char *head = (const unsigned char *)at;
        if (end - at < 8) fail("responses.bin", "is cut off");
        struct response response = {
            .chain = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24,
            .length = (uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 24,
            .bytes = at + 8};
        if (response.chain >= chain_count || (size_t)(end - response.bytes) < response.length) fail("responses.bin", "is cut off");
        responses = grown(responses, response_count, sizeof response);
        responses[response_count++] = response;
        at = response.bytes + response.length;
    }
}

void read_task(const char *folder) {
    read_lines(folder);
    read_chains(folder);
    read_responses(folder);
}
