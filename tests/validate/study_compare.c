#include "study.h"
const study compare_studies[] = { { .name = 0 } };
