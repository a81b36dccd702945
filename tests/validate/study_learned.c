#include "study.h"
const study learned_studies[] = { { .name = 0 } };
