#include "study.h"
const study verify_studies[] = { { .name = 0 } };
