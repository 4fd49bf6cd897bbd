// ptb-host: a small LMS that loads ptbridge.
#include "command_line.h"

int main(int argc, char** argv) { return host::run_line({argv + 1, argv + argc}, nullptr); }
