/* Stands between LMDB and the disk (LD_PRELOAD). FAULTS names a file whose text says what goes wrong from now on:
 * "sync 5" fdatasync fails with that errno; "grow 28" writes behind the end do; "meta 5" the synchronous write of
 * a meta page does; "open 24" opening the file does; "delay 300" fdatasync takes that many ms longer.
 * TRACE names a file to which every write is added: what, offset, length, data.
 * Only files that end in .mdb are meant. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t tracing = PTHREAD_MUTEX_INITIALIZER;

static int is_data_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  return length > 4 && memcmp(path + length - 4, ".mdb", 4) == 0;
}

static int fault(const char *name) {
  const char *path = getenv("FAULTS");
  FILE *file = path ? fopen(path, "r") : NULL;
  char word[16];
  int number = 0, found = 0;
  if (!file) return 0;
  while (fscanf(file, "%15s %d", word, &number) == 2)
    if (strcmp(word, name) == 0) found = number;
  fclose(file);
  return found;
}

static int fault_of_write(int fd, uint64_t end, const char *name) {
  struct stat file;
  if (strcmp(name, "grow") == 0 && fstat(fd, &file) == 0 && end <= (uint64_t)file.st_size) return 0;
  return fault(name);
}

static void trace(char what, uint64_t offset, const void *data, uint64_t length) {
  const char *path = getenv("TRACE");
  static int out = -1;
  if (!path) return;
  pthread_mutex_lock(&tracing);
  if (out < 0) out = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  char head[17] = {what};
  memcpy(head + 1, &offset, 8);
  memcpy(head + 9, &length, 8);
  struct iovec parts[2] = {{head, sizeof head}, {(void *)data, length}};
  static ssize_t (*next)(int, const struct iovec *, int);
  if (!next) next = dlsym(RTLD_NEXT, "writev");
  if (next(out, parts, 2) < 0) abort();
  pthread_mutex_unlock(&tracing);
}

int open64(const char *path, int flags, ...) {
  static int (*next)(const char *, int, ...);
  if (!next) next = dlsym(RTLD_NEXT, "open64");
  va_list arguments;
  va_start(arguments, flags);
  int mode = va_arg(arguments, int);
  va_end(arguments);
  size_t length = strlen(path);
  errno = length > 4 && strcmp(path + length - 4, ".mdb") == 0 ? fault("open") : 0;
  return errno ? -1 : next(path, flags, mode);
}

int fdatasync(int fd) {
  static int (*next)(int);
  if (!next) next = dlsym(RTLD_NEXT, "fdatasync");
  if (!is_data_file(fd)) return next(fd);
  usleep(fault("delay") * 1000);
  errno = fault("sync");
  if (errno) return -1;
  int answer = next(fd);
  trace('S', 0, "", 0);
  return answer;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off64_t);
  if (!next) next = dlsym(RTLD_NEXT, "pwrite64");
  if (!is_data_file(fd)) return next(fd, data, length, offset);
  int synchronous = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  errno = fault_of_write(fd, offset + length, synchronous ? "meta" : "grow");
  if (errno) return -1;
  ssize_t answer = next(fd, data, length, offset);
  trace(synchronous ? 'D' : 'W', offset, data, length);
  return answer;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  static ssize_t (*next)(int, const struct iovec *, int);
  if (!next) next = dlsym(RTLD_NEXT, "writev");
  if (!is_data_file(fd)) return next(fd, parts, count);
  uint64_t offset = lseek64(fd, 0, SEEK_CUR);
  uint64_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  errno = fault_of_write(fd, offset + length, "grow");
  if (errno) return -1;
  ssize_t answer = next(fd, parts, count);
  for (int i = 0; i < count; offset += parts[i++].iov_len) trace('W', offset, parts[i].iov_base, parts[i].iov_len);
  return answer;
}

ssize_t write(int fd, const void *data, size_t length) {
  static ssize_t (*next)(int, const void *, size_t);
  if (!next) next = dlsym(RTLD_NEXT, "write");
  if (!is_data_file(fd)) return next(fd, data, length);
  struct iovec part = {(void *)data, length};
  return writev(fd, &part, 1);
}
