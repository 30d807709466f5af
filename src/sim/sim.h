#pragma once

// Everything a test needs for a simulated world.
#include "sim/assert_ok.h"
#include "sim/seeds.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
