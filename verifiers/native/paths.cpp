#include "paths.hpp"

#include <algorithm>
#include <cmath>

#include "trial.hpp"

namespace certify {

namespace {

// Eight points on their ways; all of them are at the same depth.
class Walk {
  public:
    Walk(const Problem& problem, const double* low, const double* high, const Options& options)
        : n_(problem.variables()), root_low_(low), root_high_(high),
          scale_(scale_of(n_, low, high, options)), trial_(problem, options, 0, scale_),
          low_((size_t)n_ * kLanes), high_((size_t)n_ * kLanes) {}

    void follow(const double* points, int count, int deepest, Paths& result) {
        for (int k = 0; k < count; k++) {
            std::copy_n(root_low_, n_, &low_[(size_t)k * n_]);
            std::copy_n(root_high_, n_, &high_[(size_t)k * n_]);
        }
        unsigned open = (1u << count) - 1;
        for (int depth = 0; open; depth++) {
            if (depth == deepest) {
                result.capped = true;
                return;
            }
            open = step(points, count, open, std::ldexp(1.0, depth), result);
        }
    }

  private:
    // One box of every path; the lanes that go on.
    unsigned step(const double* points, int count, unsigned lanes, double weight, Paths& result) {
        for (int k = 0; k < count; k++) trial_.set(k, &low_[(size_t)k * n_], &high_[(size_t)k * n_]);
        trial_.fill(count);
        uint8_t rule[kLanes];
        unsigned open = lanes;
        result.nodes += weight * __builtin_popcount(lanes);
        // a degree costs every box that comes to it the same: they share the evaluation
        for (size_t d = 0; d < trial_.degrees() && open; d++) {
            const int sharing = __builtin_popcount(open);
            const double before = trial_.work();
            open &= ~trial_.prove_in(d, open, rule);
            result.work += weight * sharing * (trial_.work() - before);
        }
        if (!open) return 0;
        int variable[kLanes];
        const double before = trial_.work();
        trial_.divide(open, variable);
        result.work += weight * __builtin_popcount(open) * (trial_.work() - before);
        for (int k = 0; k < count; k++) {
            if (!(open >> k & 1)) continue;
            const int i = variable[k];
            if (i < 0) {
                open &= ~(1u << k);  // too small to be split
                continue;
            }
            double &l = low_[(size_t)k * n_ + i], &h = high_[(size_t)k * n_ + i];
            const double m = middle(l, h);
            (points[(size_t)k * n_ + i] < m ? h : l) = m;
        }
        return open;
    }

    int n_;
    const double *root_low_, *root_high_;
    std::vector<double> scale_;
    Trial trial_;
    std::vector<double> low_, high_;
};

}  // namespace

Paths follow(const Problem& problem, const double* low, const double* high, const double* points,
             int64_t count, int deepest, const Options& options) {
    const int n = problem.variables();
    check_box(n, low, high);
    Walk walk(problem, low, high, options);
    Paths result;
    for (int64_t first = 0; first < count; first += kLanes)
        walk.follow(points + first * n, (int)std::min<int64_t>(kLanes, count - first), deepest,
                    result);
    return result;
}

}  // namespace certify
