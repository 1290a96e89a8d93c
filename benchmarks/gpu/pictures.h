// Inputs for the shipped model that are the same on every machine: shapes with more or less noise.
#pragma once

#include "shipped_model.h"

namespace bench {

// Pictures `first` to `first + count - 1` of an endless series, channel planes in 0..1.
std::vector<std::vector<float>> pictures(const ShippedModel &model, std::uint32_t first, std::uint32_t count);

} // namespace bench
