#include "pictures.h"

#include <cmath>
#include <random>

namespace bench {

namespace {

enum class Shape { circle, square, triangle, cross, ring, count };

bool covers(Shape shape, float x, float y) { // of a picture that is 2 wide around 0
    float radius = std::sqrt(x * x + y * y);
    switch (shape) {
    case Shape::circle:
        return radius < 0.6f;
    case Shape::square:
        return std::fabs(x) < 0.55f && std::fabs(y) < 0.55f;
    case Shape::triangle:
        return y > -0.6f && y < 0.5f && std::fabs(x) < (y + 0.6f) * 0.6f;
    case Shape::cross:
        return (std::fabs(x) < 0.18f && std::fabs(y) < 0.6f) || (std::fabs(y) < 0.18f && std::fabs(x) < 0.6f);
    default:
        return radius < 0.65f && radius > 0.35f;
    }
}

} // namespace

std::vector<std::vector<float>> pictures(const ShippedModel &model, std::uint32_t first, std::uint32_t count) {
    std::vector<std::vector<float>> all;
    for (std::uint32_t n = first; n < first + count; ++n) {
        std::mt19937 random(n); // its numbers, unlike those of distributions, are the same everywhere
        auto uniform = [&] { return static_cast<float>(random() >> 8) * (1.0f / 16777216.0f); };
        auto shape = static_cast<Shape>(n % static_cast<std::uint32_t>(Shape::count));
        float noise = 0.15f * static_cast<float>(n / static_cast<std::uint32_t>(Shape::count) % 4);
        float scale = 0.7f + 0.6f * uniform(), dx = uniform() - 0.5f, dy = uniform() - 0.5f;
        float front[3], back[3];
        for (int c = 0; c < 3; ++c) {
            front[c] = 0.5f + 0.5f * uniform();
            back[c] = 0.5f * uniform();
        }
        std::vector<float> picture;
        for (std::int32_t c = 0; c < model.channels; ++c)
            for (std::int32_t y = 0; y < model.height; ++y)
                for (std::int32_t x = 0; x < model.width; ++x) {
                    float at_x = 2.0f * static_cast<float>(x) / static_cast<float>(model.width) - 1;
                    float at_y = 2.0f * static_cast<float>(y) / static_cast<float>(model.height) - 1;
                    bool inside = covers(shape, (at_x - 0.4f * dx) / scale, (at_y - 0.4f * dy) / scale);
                    // By a pointer: GCC 12's bounds check of (a ? b : c)[i] reads an i it has not computed.
                    const float *colours = inside ? front : back;
                    float value = colours[c % 3] + noise * (uniform() - 0.5f);
                    picture.push_back(value < 0 ? 0 : value > 1 ? 1 : value);
                }
        all.push_back(std::move(picture));
    }
    return all;
}

} // namespace bench
