/* A slow filesystem: loaded before the C library, it sleeps at each call on a path below one folder.

   SLOW_FOLDER  absolute path of the folder
   SLOW_MS      milliseconds to sleep
   SLOW_LOG     file to which a process adds a line for each such call: its name and its path */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int below(const char *path) {
    const char *folder = getenv("SLOW_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    return length && !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static void wait_at(const char *call, const char *path) {
    const char *ms = getenv("SLOW_MS"), *log = getenv("SLOW_LOG");
    long wanted = ms ? atol(ms) : 0;
    struct timespec pause = {wanted / 1000, wanted % 1000 * 1000000L};
    nanosleep(&pause, NULL);
    if (log) {
        char line[2 * PATH_MAX + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", call, path);
        int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (file >= 0) {
            if (syscall(SYS_write, file, line, length) < 0) abort();
            syscall(SYS_close, file);
        }
    }
}

static int folder_of(int descriptor, char *found) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, found, PATH_MAX - 1);
    if (length < 0) return 0;
    found[length] = 0;
    return 1;
}

static void at_path(const char *call, int folder, const char *path) {
    char base[PATH_MAX], whole[2 * PATH_MAX];
    if (!path) return;
    if (*path == '/') {
        if (below(path)) wait_at(call, path);
        return;
    }
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !folder_of(folder, base)) return;
    snprintf(whole, sizeof whole, "%s/%s", base, path);
    if (below(whole)) wait_at(call, whole);
}

static void at_file(const char *call, int descriptor) {
    char path[PATH_MAX];
    if (folder_of(descriptor, path) && below(path)) wait_at(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MODE(last) \
    va_list rest; va_start(rest, last); mode_t mode = va_arg(rest, mode_t); va_end(rest)

int open(const char *path, int flags, ...) {
    MODE(flags); at_path(__func__, AT_FDCWD, path); return REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags); at_path(__func__, AT_FDCWD, path); return REAL(open64)(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags); at_path(__func__, folder, path); return REAL(openat)(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags); at_path(__func__, folder, path); return REAL(openat64)(folder, path, flags, mode);
}
int stat(const char *path, struct stat *found) {
    at_path(__func__, AT_FDCWD, path); return REAL(stat)(path, found);
}
int stat64(const char *path, struct stat64 *found) {
    at_path(__func__, AT_FDCWD, path); return REAL(stat64)(path, found);
}
int lstat(const char *path, struct stat *found) {
    at_path(__func__, AT_FDCWD, path); return REAL(lstat)(path, found);
}
int lstat64(const char *path, struct stat64 *found) {
    at_path(__func__, AT_FDCWD, path); return REAL(lstat64)(path, found);
}
int fstatat(int folder, const char *path, struct stat *found, int flags) {
    at_path(__func__, folder, path); return REAL(fstatat)(folder, path, found, flags);
}
int fstatat64(int folder, const char *path, struct stat64 *found, int flags) {
    at_path(__func__, folder, path); return REAL(fstatat64)(folder, path, found, flags);
}
int rename(const char *from, const char *to) {
    at_path(__func__, AT_FDCWD, to); return REAL(rename)(from, to);
}
int renameat(int one, const char *from, int other, const char *to) {
    at_path(__func__, other, to); return REAL(renameat)(one, from, other, to);
}
int link(const char *from, const char *to) {
    at_path(__func__, AT_FDCWD, to); return REAL(link)(from, to);
}
int linkat(int one, const char *from, int other, const char *to, int flags) {
    at_path(__func__, other, to); return REAL(linkat)(one, from, other, to, flags);
}
int unlink(const char *path) { at_path(__func__, AT_FDCWD, path); return REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { at_path(__func__, AT_FDCWD, path); return REAL(mkdir)(path, mode); }
int fsync(int descriptor) { at_file(__func__, descriptor); return REAL(fsync)(descriptor); }
ssize_t read(int descriptor, void *to, size_t size) {
    at_file(__func__, descriptor); return REAL(read)(descriptor, to, size);
}
