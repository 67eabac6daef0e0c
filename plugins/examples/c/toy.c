#define _POSIX_C_SOURCE 200809L

/* A server to try the plugin with: `make toy && ./toy`, and then `portprint plugin run`. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void serve(FILE *in, FILE *out)
{
    char line[256];
    while (fgets(line, sizeof line, in) != NULL) {
        if (strcmp(line, "HELLO\n") == 0)
            fputs("shout/1.2\n", out);
        else if (strcmp(line, "BYE\n") == 0)
            fputs("see you\n", out);
        else
            return;
        fflush(out);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 7777));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0) {
        perror("toy");
        return 1;
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        FILE *in = connection < 0 ? NULL : fdopen(connection, "r");
        FILE *out = connection < 0 ? NULL : fdopen(dup(connection), "w");
        if (in != NULL && out != NULL)
            serve(in, out);
        if (in != NULL)
            fclose(in);
        if (out != NULL)
            fclose(out);
    }
}
