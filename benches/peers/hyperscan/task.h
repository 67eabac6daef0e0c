/* Reading a task folder, and what that shares with the rest. */

#ifndef TASK_H
#define TASK_H

#define _GNU_SOURCE
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;

struct line {
    char *pattern;
    size_t length;
    bool caseless, dotall, captures;
    bool needs_pcre, unsupported, prefilter, jit;
    pcre2_code *code; /* NULL where no confirmation is ever needed */
    uint32_t groups; /* group 0 counted too */
};

struct chain {
    struct span {
        uint32_t start, end;
    } *spans;
    uint32_t span_count, responses;
    struct database **ranges; /* one for each span, shared with other chains; the first with a match has the answer */
    struct database *whole;   /* all lines of the chain, or NULL if it has too few responses to be worth it */
    bool use_whole;
};

struct response {
    uint32_t chain, length;
    const char *bytes;
};

extern struct line *lines;
extern uint32_t line_count;
extern struct chain *chains;
extern uint32_t chain_count;
extern struct response *responses;
extern uint32_t response_count;

/* Says what is wrong with what, and ends the program. */
void fail(const char *what, const char *detail) __attribute__((noreturn));

/* Memory filled with zeros. */
void *allocate(size_t count, size_t size);

/* An array of that many elements with room for one more. */
void *grown(void *array, uint32_t count, size_t size);

/* The path of a file in a folder. */
char *joined(const char *folder, const char *name);

/* The bytes of a file and a zero behind them, or NULL if it cannot be opened. */
char *read_file(const char *path, size_t *length);

/* Fills lines, chains and responses. */
void read_task(const char *folder);

#endif
