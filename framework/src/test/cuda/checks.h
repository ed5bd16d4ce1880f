// Counts what is so and what is not.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "device.h"

static int passed;
static int wrong;

static void check(bool ok, const char* sentence, const char* file, int line) {
  (ok ? passed : wrong)++;
  if (!ok) printf("%s:%d: not so: %s\n", file, line, sentence);
}

#define CHECK(ok, sentence) check(ok, sentence, __FILE__, __LINE__)

// The signal that ends `work` in a process of its own, 0 if it returns; what it printed.
static int signal_of(const std::function<void()>& work, std::string* printed = nullptr) {
  int ends[2];
  if (pipe(ends)) abort();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    work();
    _exit(0);
  }
  close(ends[1]);
  char text[4096];
  for (ssize_t n; (n = read(ends[0], text, sizeof(text))) > 0;) {
    if (printed) printed->append(text, n);
  }
  close(ends[0]);
  int status;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

static std::mt19937 generator(1);

static float random_number() {
  return std::uniform_real_distribution<float>(-1, 1)(generator);
}
