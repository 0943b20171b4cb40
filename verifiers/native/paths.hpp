// Random paths through a tree: how large it would be.
#pragma once

#include "search.hpp"

namespace certify {

// What the subtree costs of which every box on the way of a point stands for 2^depth.
struct Paths {
    double work = 0, nodes = 0;  // sums over the points
    bool capped = false;         // a point came to the largest depth: there is more
};

// Follow the rows of `points` (count, n) from the box to the leaves that hold them.
Paths follow(const Problem& problem, const double* low, const double* high, const double* points,
             int64_t count, int deepest, const Options& options);

}  // namespace certify
