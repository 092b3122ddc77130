/* Stands between a program and its data files (LD_PRELOAD) and keeps what was written, and what was synced, beside each: of `x.mdb` in `x.mdb.trace`.
 * A record is a letter, offset and length as 8 bytes each, and the data. W: written; D: written synchronously; s: a sync begins; S: it has ended.
 * With LYING_DISK in the environment, fdatasync says that it has synced and does nothing, as a disk with a volatile cache would. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t tracing = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(type, name, ...)          \
  static type (*next)(__VA_ARGS__);    \
  if (!next) next = dlsym(RTLD_NEXT, name)

static ssize_t untraced_writev(int fd, const struct iovec *parts, int count) {
  NEXT(ssize_t, "writev", int, const struct iovec *, int);
  return next(fd, parts, count);
}

/* Where the trace of this file is; 0 for a file that is none of ours. */
static int trace_of(int fd, char path[4200]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, 4096);
  if (length < 4 || memcmp(path + length - 4, ".mdb", 4) != 0) return 0;
  memcpy(path + length, ".trace", 7);
  return 1;
}

static void note(const char *trace, char what, uint64_t offset, const void *data, uint64_t length) {
  char head[17] = {what};
  memcpy(head + 1, &offset, 8);
  memcpy(head + 9, &length, 8);
  struct iovec parts[2] = {{head, sizeof head}, {(void *)data, length}};
  pthread_mutex_lock(&tracing);
  int out = open(trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (out < 0 || untraced_writev(out, parts, 2) != (ssize_t)(sizeof head + length)) abort();
  close(out);
  pthread_mutex_unlock(&tracing);
}

static char written(int fd) { return fcntl(fd, F_GETFL) & O_DSYNC ? 'D' : 'W'; }

int fdatasync(int fd) {
  NEXT(int, "fdatasync", int);
  char trace[4200];
  if (!trace_of(fd, trace)) return next(fd);
  if (getenv("LYING_DISK")) return 0;
  note(trace, 's', 0, "", 0);
  int answer = next(fd);
  if (answer == 0) note(trace, 'S', 0, "", 0);
  return answer;
}

int fsync(int fd) { return fdatasync(fd); }

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  NEXT(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  char trace[4200];
  ssize_t answer = next(fd, data, length, offset);
  if (answer > 0 && trace_of(fd, trace)) note(trace, written(fd), offset, data, answer);
  return answer;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  char trace[4200];
  if (!trace_of(fd, trace)) return untraced_writev(fd, parts, count);
  uint64_t offset = lseek64(fd, 0, SEEK_CUR);
  ssize_t answer = untraced_writev(fd, parts, count), left = answer;
  for (int i = 0; i < count && left > 0; i++) {
    size_t length = parts[i].iov_len < (size_t)left ? parts[i].iov_len : (size_t)left;
    note(trace, written(fd), offset, parts[i].iov_base, length);
    offset += length;
    left -= length;
  }
  return answer;
}

ssize_t write(int fd, const void *data, size_t length) {
  NEXT(ssize_t, "write", int, const void *, size_t);
  char trace[4200];
  if (!trace_of(fd, trace)) return next(fd, data, length);
  struct iovec part = {(void *)data, length};
  return writev(fd, &part, 1);
}
