/* Identifies servers of the shout protocol.
 *
 * It sends the line HELLO, and the line BYE. */

#include <stdlib.h>
#include <string.h>

#include "portprint_plugin.h"

#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define NAME "shout"

static const struct portprint_bytes services[] = {TEXT(NAME)};
static const uint16_t ports[] = {7777};
/* It is tried with ports that say nothing to any probe of the rules, and with those whose answer begins like this. */
static const struct portprint_trigger triggers[] = {
    {PORTPRINT_TRIGGER_SILENT, 0, {NULL, 0}},
    {PORTPRINT_TRIGGER_LITERAL, PORTPRINT_TRIGGER_AT_START, TEXT(NAME "/")},
};

static const struct portprint_description description = {
    .struct_size = sizeof(struct portprint_description),
    .transports = PORTPRINT_TRANSPORT_TCP,
    .id = TEXT(NAME),
    .version = TEXT("0.1.0"),
    .licence = TEXT("MIT"),
    .summary = TEXT(NAME " servers, with their version"),
    .sends = TEXT("the lines HELLO and BYE"),
    .services = services,
    .services_len = 1,
    .ports = ports,
    .ports_len = 1,
    .triggers = triggers,
    .triggers_len = 2,
};

static const struct portprint_description *describe(void)
{
    return &description;
}

enum state { START, CONNECTING, HELLO, BYE };

/* What the host is handed points in here, and lives until the next call. */
struct session {
    enum state state;
    char line[256];
    size_t length;
    char version[256];
    char farewell[256];
    struct portprint_detail detail;
    struct portprint_result result;
};

static void *open_session(const struct portprint_target *target, const struct portprint_config *config)
{
    (void)target;
    (void)config;
    return calloc(1, sizeof(struct session));
}

static void close_session(void *session)
{
    free(session);
}

static struct portprint_bytes bytes(const char *text)
{
    struct portprint_bytes bytes = {(const uint8_t *)text, strlen(text)};
    return bytes;
}

static int32_t send_line(struct portprint_action *action, const char *line)
{
    action->kind = PORTPRINT_ACTION_SEND;
    action->data = bytes(line);
    action->wait_ms = PORTPRINT_WAIT_DEFAULT;
    return PORTPRINT_STATUS_OK;
}

static int32_t give_up(struct portprint_action *action)
{
    action->kind = PORTPRINT_ACTION_GIVE_UP;
    return PORTPRINT_STATUS_OK;
}

static int32_t done(struct session *session, struct portprint_action *action, uint32_t flags)
{
    struct portprint_result *result = &session->result;
    result->struct_size = sizeof *result;
    result->flags = flags;
    result->service = bytes(NAME);
    result->version = bytes(session->version);
    if (flags == 0) {
        session->detail.key = bytes("farewell");
        session->detail.kind = PORTPRINT_DETAIL_STRING;
        session->detail.bytes = bytes(session->farewell);
        result->details = &session->detail;
        result->details_len = 1;
    }
    action->kind = PORTPRINT_ACTION_DONE;
    action->result = result;
    return PORTPRINT_STATUS_OK;
}

/* Whether everything that may stand in a line of this protocol is there: printable ASCII, and a line end. Peers may send anything. */
static int take_line(struct session *session, const struct portprint_event *event)
{
    uint64_t index;
    for (index = 0; index < event->data.len; index++) {
        uint8_t byte = event->data.data[index];
        if (byte == '\n') {
            session->line[session->length] = '\0';
            session->length = 0;
            return 1;
        }
        if (byte < 0x20 || byte > 0x7e || session->length + 1 >= sizeof session->line)
            return -1;
        session->line[session->length++] = (char)byte;
    }
    return 0;
}

static int32_t step(void *opaque, const struct portprint_event *event, struct portprint_action *action)
{
    struct session *session = opaque;
    int taken;

    switch (session->state) {
    case START:
        session->state = CONNECTING;
        action->kind = PORTPRINT_ACTION_RECONNECT;
        return PORTPRINT_STATUS_OK;
    case CONNECTING:
        if (event->kind != PORTPRINT_EVENT_CONNECTED)
            return give_up(action);
        session->state = HELLO;
        return send_line(action, "HELLO\n");
    case HELLO:
        taken = take_line(session, event);
        if (taken == 0 && event->kind == PORTPRINT_EVENT_DATA) {
            action->kind = PORTPRINT_ACTION_WAIT;
            action->wait_ms = PORTPRINT_WAIT_DEFAULT;
            return PORTPRINT_STATUS_OK;
        }
        if (taken != 1 || strncmp(session->line, NAME "/", sizeof NAME) != 0)
            return give_up(action);
        /* It is certain now; whatever goes wrong later leaves a partial result. */
        strcpy(session->version, session->line + sizeof NAME);
        session->state = BYE;
        return send_line(action, "BYE\n");
    case BYE:
        taken = take_line(session, event);
        if (taken == 0 && event->kind == PORTPRINT_EVENT_DATA) {
            action->kind = PORTPRINT_ACTION_WAIT;
            action->wait_ms = PORTPRINT_WAIT_DEFAULT;
            return PORTPRINT_STATUS_OK;
        }
        if (taken != 1)
            return done(session, action, PORTPRINT_RESULT_PARTIAL);
        strcpy(session->farewell, session->line);
        return done(session, action, 0);
    }
    return PORTPRINT_STATUS_FAILED;
}

static const struct portprint_plugin plugin = {
    .magic = PORTPRINT_MAGIC,
    .abi_major = PORTPRINT_ABI_MAJOR,
    .abi_minor = PORTPRINT_ABI_MINOR,
    .struct_size = sizeof(struct portprint_plugin),
    .describe = describe,
    .open = open_session,
    .step = step,
    .close = close_session,
};

const struct portprint_plugin *portprint_plugin_entry(void);

const struct portprint_plugin *portprint_plugin_entry(void)
{
    return &plugin;
}
