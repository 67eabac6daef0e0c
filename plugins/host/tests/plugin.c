// A plugin that does what its peer says, good or bad. The tests build it with several names and versions.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "portprint_plugin.h"

#ifndef ID
#define ID "puppet"
#endif
#ifndef MAJOR
#define MAJOR PORTPRINT_ABI_MAJOR
#endif

#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}

static const struct portprint_bytes SERVICES[] = {TEXT("echo")};
static const uint16_t PORTS[] = {7};
static const struct portprint_trigger TRIGGERS[] = {
    {PORTPRINT_TRIGGER_SILENT, 0, {NULL, 0}},
    {PORTPRINT_TRIGGER_LITERAL, PORTPRINT_TRIGGER_AT_START, TEXT("ECHO")},
};

static const struct portprint_description DESCRIPTION = {
    .struct_size = sizeof(struct portprint_description),
    .transports = PORTPRINT_TRANSPORT_TCP,
    .id = TEXT(ID),
    .version = TEXT("1.0.0"),
    .licence = TEXT("MIT"),
    .summary = TEXT("Does what it is told."),
    .sends = TEXT("Its orders."),
    .services = SERVICES,
    .services_len = 1,
    .ports = PORTS,
    .ports_len = 1,
    .triggers = TRIGGERS,
    .triggers_len = 2,
};

struct session {
    struct portprint_result result;
    char product[64];
};

static struct session *closed;
static int writes_after_close;

#ifdef SLOW_LOAD
__attribute__((constructor)) static void load(void) {
    for (;;) {
        pause();
    }
}
#endif

static const struct portprint_description *describe(void) {
#ifdef SLOW_ENTRY
    for (;;) {
        pause();
    }
#endif
    return &DESCRIPTION;
}

static void *open_session(const struct portprint_target *target, const struct portprint_config *config) {
    (void)target;
    (void)config;
    if (writes_after_close && closed) {
        closed->product[0] = 'x';
    }
    void *page = mmap(NULL, sizeof(struct session), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? NULL : page;
}

static void close_session(void *session) {
    munmap(session, sizeof(struct session));
    closed = session;
}

static void done(struct session *session, struct portprint_action *action, const char *product) {
    int len = snprintf(session->product, sizeof session->product, "%s", product);
    for (char *byte = session->product; *byte; byte++) {
        *byte &= 0x7f;
    }
    memset(&session->result, 0, sizeof session->result);
    session->result.struct_size = sizeof session->result;
    session->result.service = SERVICES[0];
    session->result.product.data = (const uint8_t *)session->product;
    session->result.product.len = (uint64_t)len;
    action->kind = PORTPRINT_ACTION_DONE;
    action->result = &session->result;
}

static int32_t step(void *opaque, const struct portprint_event *event, struct portprint_action *action) {
    struct session *session = opaque;
    volatile int zero = 0;
    char word[64];
    switch (event->kind) {
    case PORTPRINT_EVENT_START:
        action->kind = PORTPRINT_ACTION_RECONNECT;
        return PORTPRINT_STATUS_OK;
    case PORTPRINT_EVENT_CONNECTED:
        action->kind = PORTPRINT_ACTION_SEND;
        action->data.data = (const uint8_t *)"ECHO\n";
        action->data.len = 5;
        action->wait_ms = PORTPRINT_WAIT_DEFAULT;
        return PORTPRINT_STATUS_OK;
    case PORTPRINT_EVENT_DATA:
        break;
    default:
        action->kind = PORTPRINT_ACTION_GIVE_UP;
        return PORTPRINT_STATUS_OK;
    }
    snprintf(word, sizeof word, "%.*s", (int)event->data.len, (const char *)event->data.data);
    if (!strcmp(word, "crash")) {
        *(volatile int *)(intptr_t)zero = 1;
    } else if (!strcmp(word, "hang")) {
        while (!zero) {
        }
    } else if (!strcmp(word, "abort")) {
        abort();
    } else if (!strcmp(word, "bus")) {
        signal(SIGBUS, SIG_DFL);
        raise(SIGBUS);
    } else if (!strcmp(word, "exit")) {
        _exit(3);
    } else if (!strcmp(word, "print")) {
        printf("what a plugin should not do\n");
        fflush(stdout);
    } else if (!strcmp(word, "garble")) {
        for (int fd = 3; fd < 16; fd++) {
            if (write(fd, "\377\377\377\377\377\377\377\377", 8) < 0) {
            }
        }
    } else if (!strcmp(word, "write after close")) {
        writes_after_close = 1;
    } else if (!strcmp(word, "fail")) {
        return PORTPRINT_STATUS_FAILED;
    }
    done(session, action, word);
    return PORTPRINT_STATUS_OK;
}

static const struct portprint_plugin PLUGIN = {
    .magic = PORTPRINT_MAGIC,
    .abi_major = MAJOR,
    .abi_minor = PORTPRINT_ABI_MINOR,
    .struct_size = sizeof(struct portprint_plugin),
    .describe = describe,
    .open = open_session,
    .step = step,
    .close = close_session,
};

const struct portprint_plugin *portprint_plugin_entry(void) { return &PLUGIN; }
