/* A peer of the benchmark: Hyperscan (or Vectorscan, which has the same interface) finds the lines that may match, and PCRE2 with its
 * compiler confirms them and tells the captures. benches/PROTOCOL.md has the rules, README.md what is done and why.
 *
 * Usage: hyperscan TASK CACHE [SHARE [LEAST]]
 *
 * A chain with at least SHARE per cent (5) of the responses and at least LEAST (30) of them may get a database of its own. */

#include "task.h"

#include <errno.h>
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NONE UINT32_MAX
#define MAGIC "hspeer1"

/* What Hyperscan can do with a line: all of it, a wider pattern instead of it, or nothing. */
enum mode { EXACT, PREFILTER, UNSUPPORTED };

/* Some lines in the order in which they are tried; a line's place in it is its rank. */
struct database {
    uint32_t *lines;      /* rank -> line id */
    unsigned char *modes; /* enum mode by rank */
    bool *sure;           /* by rank: a report is already the answer */
    uint32_t *always;     /* ranks of the lines that Hyperscan cannot take, ascending */
    uint32_t count, always_count;
    hs_database_t *hs; /* NULL if no line can be taken */
    size_t size;
};

struct answer {
    uint32_t line; /* NONE: no line matches */
    int captured;  /* groups in the match data, 0 if the line needs none */
};

static struct database **databases;
static uint32_t database_count, databases_compiled;

static hs_scratch_t *scratch;
static uint32_t *candidates; /* ranks, as many as the largest database has lines */
static pcre2_match_data *match_data;
static pcre2_match_context *match_context;
static PCRE2_SIZE *offsets;
static uint32_t max_groups = 1;

static hs_platform_info_t platform; /* the processor that databases are made for */

typedef hs_error_t (*scan_function)(const hs_database_t *, const char *, unsigned, unsigned, hs_scratch_t *, match_event_handler, void *);
static scan_function scan_with = hs_scan;

#ifdef AVOID_AVX
hs_error_t HS_CDECL corei7_hs_scan(const hs_database_t *, const char *, unsigned, unsigned, hs_scratch_t *, match_event_handler, void *);
#endif

/* The AVX2 and AVX-512 versions of the Vectorscan that Debian 12 has lose matches; README.md tells how many. The SSE version is right, and
 * is called by its own name. */
static void choose_platform(void) {
    hs_populate_platform(&platform);
#ifdef AVOID_AVX
    if (platform.cpu_features) {
        platform.cpu_features = 0;
        scan_with = corei7_hs_scan;
    }
#endif
}

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- databases: compiled, or read from the cache --- */

static unsigned flags_of(const struct line *line, unsigned char mode) {
    /* ALLOWEMPTY only says that a pattern may match the empty string; it is refused without it. One report for a line is enough. */
    return HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | (line->caseless ? HS_FLAG_CASELESS : 0) | (line->dotall ? HS_FLAG_DOTALL : 0) |
           (mode == PREFILTER ? HS_FLAG_PREFILTER : 0);
}

/* What a database is made of, as a name: the library and the processor it is tuned for, and the patterns with their flags. */
static void digest(const struct database *database, char name[33]) {
    uint64_t a = 0xcbf29ce484222325u, b = 0x9ae16a3b2f90404fu;
#define ADD(memory, size)                                          \
    for (size_t i = 0; i < (size_t)(size); i++) {                  \
        unsigned char byte = ((const unsigned char *)(memory))[i]; \
        a = (a ^ byte) * 0x100000001b3u;                           \
        b = (b + byte) * 0x9fb21c651e98df25u;                      \
        b ^= b >> 29;                                              \
    }
    const char *version = hs_version();
    ADD(ENGINE MAGIC, sizeof ENGINE MAGIC)
    ADD(version, strlen(version) + 1)
    ADD(&platform.tune, sizeof platform.tune)
    ADD(&platform.cpu_features, sizeof platform.cpu_features)
    for (uint32_t rank = 0; rank < database->count; rank++) {
        const struct line *line = &lines[database->lines[rank]];
        unsigned flags = flags_of(line, EXACT);
        ADD(&flags, sizeof flags)
        ADD(&line->length, sizeof line->length)
        ADD(line->pattern, line->length)
    }
#undef ADD
    snprintf(name, 33, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

static bool accepted(const struct line *line, unsigned char mode) {
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *error = NULL;
    bool well = hs_expression_info(line->pattern, flags_of(line, mode), &info, &error) == HS_SUCCESS;
    free(info);
    hs_free_compile_error(error);
    return well;
}

static void compile(struct database *database) {
    const char **patterns = allocate(database->count, sizeof *patterns);
    unsigned *flags = allocate(database->count, sizeof *flags), *ranks = allocate(database->count, sizeof *ranks);
    for (uint32_t rank = 0; rank < database->count; rank++) {
        const struct line *line = &lines[database->lines[rank]];
        bool text = !memchr(line->pattern, 0, line->length); /* a pattern is a C string here */
        database->modes[rank] = !text ? UNSUPPORTED : accepted(line, EXACT) ? EXACT : accepted(line, PREFILTER) ? PREFILTER : UNSUPPORTED;
    }
    for (;;) {
        unsigned count = 0;
        for (uint32_t rank = 0; rank < database->count; rank++) {
            const struct line *line = &lines[database->lines[rank]];
            if (database->modes[rank] == UNSUPPORTED) continue;
            patterns[count] = line->pattern;
            flags[count] = flags_of(line, database->modes[rank]);
            ranks[count++] = rank;
        }
        hs_compile_error_t *error = NULL;
        if (!count || hs_compile_multi(patterns, flags, ranks, count, HS_MODE_BLOCK, &platform, &database->hs, &error) == HS_SUCCESS) break;
        /* Some patterns turn out to be too large only now: make that one weaker, and try again. */
        if (error->expression < 0 || (unsigned)error->expression >= count) fail("hs_compile_multi", error->message);
        fprintf(stderr, "line id %u: %s\n", database->lines[ranks[error->expression]], error->message);
        database->modes[ranks[error->expression]]++;
        hs_free_compile_error(error);
    }
    free(patterns), free(flags), free(ranks);
}

static bool load(struct database *database, const char *path) {
    size_t length, head = sizeof MAGIC + database->count;
    char *bytes = read_file(path, &length);
    if (!bytes) return false;
    bool well = length >= head && !memcmp(bytes, MAGIC, sizeof MAGIC);
    if (well) {
        memcpy(database->modes, bytes + sizeof MAGIC, database->count);
        well = length == head || hs_deserialize_database(bytes + head, length - head, &database->hs) == HS_SUCCESS;
    }
    free(bytes);
    return well;
}

static void save(const struct database *database, const char *path) {
    char *bytes = NULL, *partial;
    size_t length = 0;
    if (database->hs && hs_serialize_database(database->hs, &bytes, &length) != HS_SUCCESS) return;
    if (asprintf(&partial, "%s.%ld", path, (long)getpid()) < 0) fail("memory", "out of it");
    FILE *file = fopen(partial, "wb");
    bool well = file && fwrite(MAGIC, sizeof MAGIC, 1, file) == 1 && fwrite(database->modes, 1, database->count, file) == database->count &&
                fwrite(bytes, 1, length, file) == length;
    if (file && fclose(file)) well = false;
    if (!well || rename(partial, path)) fprintf(stderr, "%s: not cached: %s\n", path, strerror(errno));
    free(partial), free(bytes);
}

static struct database *prepare(const struct span *spans, uint32_t span_count, const char *cache) {
    struct database *database = allocate(1, sizeof *database);
    for (uint32_t i = 0; i < span_count; i++) database->count += spans[i].end - spans[i].start;
    database->lines = allocate(database->count, sizeof *database->lines);
    database->modes = allocate(database->count, 1);
    database->sure = allocate(database->count, sizeof *database->sure);
    database->always = allocate(database->count, sizeof *database->always);
    uint32_t rank = 0;
    for (uint32_t i = 0; i < span_count; i++)
        for (uint32_t id = spans[i].start; id < spans[i].end; id++) database->lines[rank++] = id;

    /* The same lines may be there already: ranges are shared by chains, and some chains are a single range. */
    for (uint32_t i = 0; i < database_count; i++)
        if (databases[i]->count == database->count && !memcmp(databases[i]->lines, database->lines, rank * sizeof *database->lines))
            return databases[i];

    char name[33];
    digest(database, name);
    char *path = joined(cache, name);
    if (!load(database, path)) {
        if (database->count > 1000) fprintf(stderr, "compiling %u lines: this takes a while\n", database->count);
        compile(database);
        save(database, path);
        databases_compiled++;
    }
    free(path);

    for (rank = 0; rank < database->count; rank++) {
        struct line *line = &lines[database->lines[rank]];
        database->sure[rank] = database->modes[rank] == EXACT && !line->captures;
        if (!database->sure[rank]) line->needs_pcre = true;
        if (database->modes[rank] == PREFILTER) line->prefilter = true;
        if (database->modes[rank] == UNSUPPORTED) line->unsupported = true, database->always[database->always_count++] = rank;
    }
    if (database->hs) {
        if (hs_alloc_scratch(database->hs, &scratch) != HS_SUCCESS) fail("hs_alloc_scratch", "failed");
        hs_database_size(database->hs, &database->size);
    }
    databases = grown(databases, database_count, sizeof *databases);
    return databases[database_count++] = database;
}

static void prepare_all(const char *cache, double share, double least) {
    mkdir(cache, 0777);
    for (uint32_t i = 0; i < chain_count; i++) {
        struct chain *chain = &chains[i];
        if (!chain->responses) continue;
        chain->ranges = allocate(chain->span_count, sizeof *chain->ranges);
        for (uint32_t j = 0; j < chain->span_count; j++) chain->ranges[j] = prepare(&chain->spans[j], 1, cache);
        if (chain->span_count > 1 && chain->responses >= least && chain->responses >= share / 100 * response_count)
            chain->whole = prepare(chain->spans, chain->span_count, cache);
    }
    uint32_t largest = 0;
    for (uint32_t i = 0; i < database_count; i++)
        if (databases[i]->count > largest) largest = databases[i]->count;
    /* Every line is reported once at most, so there is room for all. */
    candidates = allocate(largest, sizeof *candidates);
}

static void prepare_pcre(void) {
    for (uint32_t id = 0; id < line_count; id++) {
        struct line *line = &lines[id];
        if (!line->needs_pcre) continue;
        int error;
        PCRE2_SIZE offset;
        uint32_t options = (line->caseless ? PCRE2_CASELESS : 0) | (line->dotall ? PCRE2_DOTALL : 0);
        line->code = pcre2_compile((PCRE2_SPTR)line->pattern, line->length, options, &error, &offset, NULL);
        if (!line->code) {
            fprintf(stderr, "line id %u: PCRE2 does not compile it\n", id);
            line->unsupported = true;
            continue;
        }
        line->jit = pcre2_jit_compile(line->code, PCRE2_JIT_COMPLETE) == 0;
        pcre2_pattern_info(line->code, PCRE2_INFO_CAPTURECOUNT, &line->groups);
        if (++line->groups > max_groups) max_groups = line->groups;
    }
    match_data = pcre2_match_data_create(max_groups, NULL);
    offsets = pcre2_get_ovector_pointer(match_data);
    match_context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(match_context, 50000);
    pcre2_set_depth_limit(match_context, 1000);
    pcre2_set_heap_limit(match_context, 10240);
    /* Compiled code has no heap limit, but a stack of its own: give it as much. */
    pcre2_jit_stack_assign(match_context, NULL, pcre2_jit_stack_create(32 * 1024, 10240 * 1024, NULL));
}

/* --- matching --- */

struct scan {
    const struct database *database;
    uint32_t bound; /* no rank from here on can be the answer any more, or be better than this one */
    uint32_t count; /* candidates below it, or below what it was when they were found */
};

static int HS_CDECL report(unsigned rank, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)from, (void)to, (void)flags;
    struct scan *scan = context;
    if (rank >= scan->bound) return 0;
    if (scan->database->sure[rank])
        scan->bound = rank;
    else
        candidates[scan->count++] = rank;
    return 0;
}

static int ascending(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void sort(uint32_t *ranks, uint32_t count) {
    if (count > 32) {
        qsort(ranks, count, sizeof *ranks, ascending);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        uint32_t rank = ranks[i], j = i;
        for (; j && ranks[j - 1] > rank; j--) ranks[j] = ranks[j - 1];
        ranks[j] = rank;
    }
}

/* The number of groups in the match data (at least 1), or 0 for no match; meeting a limit is one. */
static int confirm(const struct line *line, const struct response *response) {
    if (!line->code) return 0;
    PCRE2_SPTR subject = (PCRE2_SPTR)response->bytes;
    int count = PCRE2_ERROR_JIT_STACKLIMIT;
    if (line->jit) count = pcre2_jit_match(line->code, subject, response->length, 0, 0, match_data, match_context);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT)
        count = pcre2_match(line->code, subject, response->length, 0, PCRE2_NO_JIT, match_data, match_context);
    return count > 0 ? count : 0;
}

static struct answer classify_in(const struct database *database, const struct response *response) {
    struct scan scan = {.database = database, .bound = NONE};
    if (database->hs && scan_with(database->hs, response->bytes, response->length, 0, scratch, report, &scan) != HS_SUCCESS)
        fail("hs_scan", "failed");
    for (uint32_t i = 0; i < database->always_count && database->always[i] < scan.bound; i++)
        candidates[scan.count++] = database->always[i];
    sort(candidates, scan.count);
    for (uint32_t i = 0; i < scan.count && candidates[i] < scan.bound; i++) {
        uint32_t id = database->lines[candidates[i]];
        int count = confirm(&lines[id], response);
        if (count) return (struct answer){id, lines[id].captures ? count : 0};
    }
    return (struct answer){scan.bound == NONE ? NONE : database->lines[scan.bound], 0};
}

static struct answer classify(const struct response *response) {
    const struct chain *chain = &chains[response->chain];
    if (chain->use_whole) return classify_in(chain->whole, response);
    for (uint32_t i = 0; i < chain->span_count; i++) {
        struct answer answer = classify_in(chain->ranges[i], response);
        if (answer.line != NONE) return answer;
    }
    return (struct answer){NONE, 0};
}

/* Whether one large database beats several small ones depends on how many responses are answered by the first of them, and on what
 * fits the processor's caches. So it is measured, with all chains one way in one round and the other way in the next, and each chain
 * keeps what was better for it. */
static void choose(void) {
    enum { ROUNDS = 7 };
    uint32_t eligible = 0;
    for (uint32_t i = 0; i < chain_count; i++) eligible += chains[i].whole != NULL;
    if (!eligible) return;
    uint64_t(*least)[2] = allocate(response_count, sizeof *least), (*sum)[2] = allocate(chain_count, sizeof *sum);
    for (int round = 0; round < 2 * ROUNDS; round++) {
        for (uint32_t i = 0; i < chain_count; i++) chains[i].use_whole = chains[i].whole && round % 2;
        for (uint32_t i = 0; i < response_count; i++) {
            uint64_t start = now(CLOCK_MONOTONIC);
            classify(&responses[i]);
            uint64_t took = now(CLOCK_MONOTONIC) - start, *best = &least[i][round % 2];
            if (round < 2 || took < *best) *best = took;
        }
    }
    for (uint32_t i = 0; i < response_count; i++)
        for (int way = 0; way < 2; way++) sum[responses[i].chain][way] += least[i][way];
    for (uint32_t i = 0; i < chain_count; i++) chains[i].use_whole = chains[i].whole && sum[i][1] < sum[i][0];
    free(least), free(sum);
}

/* --- commands --- */

static void write_answers(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file) fail(path, strerror(errno));
    for (uint32_t i = 0; i < response_count; i++) {
        struct answer answer = classify(&responses[i]);
        if (answer.line == NONE)
            fputc('-', file);
        else
            fprintf(file, "%u", answer.line);
        for (uint32_t group = 0; answer.captured && group < lines[answer.line].groups; group++) {
            if ((int)group < answer.captured && offsets[2 * group] != PCRE2_UNSET)
                fprintf(file, " %zu,%zu", (size_t)offsets[2 * group], (size_t)offsets[2 * group + 1]);
            else
                fputs(" -", file);
        }
        fputc('\n', file);
    }
    if (fclose(file)) fail(path, strerror(errno));
    printf("{\"answers\": %u}\n", response_count);
}

/* Nanoseconds that a round takes at least: a shorter one would measure how a process wakes up. */
#define LEAST_ROUND 20000000

static void serve(void) {
    char *command = NULL;
    size_t room = 0;
    ssize_t length;
    volatile uint64_t sink = 0; /* keeps the answers from being optimised away */
    while ((length = getline(&command, &room, stdin)) > 0) {
        while (length && (command[length - 1] == '\n' || command[length - 1] == '\r')) command[--length] = 0;
        if (!strncmp(command, "answers ", 8)) {
            write_answers(command + 8);
        } else if (!strcmp(command, "round")) {
            uint64_t start = now(CLOCK_THREAD_CPUTIME_ID), spent, passes = 0;
            do {
                for (uint32_t i = 0; i < response_count; i++) sink += classify(&responses[i]).line;
                passes++;
                spent = now(CLOCK_THREAD_CPUTIME_ID) - start;
            } while (spent < LEAST_ROUND);
            printf("{\"ns\": %llu}\n", (unsigned long long)(spent / passes));
        } else if (!strcmp(command, "each")) {
            uint64_t *each = allocate(response_count, sizeof *each);
            for (uint32_t i = 0; i < response_count; i++) {
                uint64_t start = now(CLOCK_MONOTONIC);
                sink += classify(&responses[i]).line;
                each[i] = now(CLOCK_MONOTONIC) - start;
            }
            printf("{\"each\": [");
            for (uint32_t i = 0; i < response_count; i++) printf(i ? ", %llu" : "%llu", (unsigned long long)each[i]);
            printf("]}\n");
            free(each);
        } else if (!strcmp(command, "quit")) {
            break;
        } else {
            fprintf(stderr, "no such command: %s\n", command);
        }
        fflush(stdout);
    }
    free(command);
}

static void say_ready(uint64_t start) {
    uint32_t eligible = 0, chosen = 0, unsupported = 0, prefilter = 0;
    size_t size = 0;
    for (uint32_t i = 0; i < chain_count; i++) eligible += chains[i].whole != NULL, chosen += chains[i].use_whole;
    for (uint32_t i = 0; i < database_count; i++) size += databases[i]->size;
    for (uint32_t id = 0; id < line_count; id++) unsupported += lines[id].unsupported, prefilter += lines[id].prefilter;
    char pcre[64] = "", *features = NULL;
    pcre2_config(PCRE2_CONFIG_VERSION, pcre);
    if (database_count && databases[0]->hs) hs_database_info(databases[0]->hs, &features);
    printf("{\"ready\": {\"engine\": \"%s %.*s + PCRE2 %.*s JIT\", \"load_ms\": %llu, \"unsupported\": %u, \"notes\": \"", ENGINE,
           (int)strcspn(hs_version(), " "), hs_version(), (int)strcspn(pcre, " "), pcre,
           (unsigned long long)((now(CLOCK_MONOTONIC) - start) / 1000000), unsupported);
    printf("%u databases, %.1f MB, %u compiled now and the others from the cache; one database for the whole chain was built for %u chains "
           "and is faster for %u; %u lines as a prefilter only; %s\"}}\n",
           database_count, (double)size / 1e6, databases_compiled, eligible, chosen, prefilter, features ? features : "");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: %s TASK CACHE [SHARE [LEAST]]\n", argv[0]);
        return 2;
    }
    if (hs_valid_platform() != HS_SUCCESS) {
        printf("{\"missing\": \"this processor has not the instructions that %s needs\"}\n", ENGINE);
        return 0;
    }
    uint64_t start = now(CLOCK_MONOTONIC);
    choose_platform();
    read_task(argv[1]);
    prepare_all(argv[2], argc > 3 ? atof(argv[3]) : 5, argc > 4 ? atof(argv[4]) : 30);
    prepare_pcre();
    choose();
    say_ready(start);
    serve();
    return 0;
}
