// Branch and bound over the boxes of one obligation.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "compile.hpp"

namespace certify {

const uint8_t kLeaf = 0x40, kOpen = 0x7F;
const int kDeepest = 4096;  // the checker's limit
const int kModelHead = 4;  // c, e, low, high in a row of `evaluate`

// An obligation as code, for each degree when it is first asked for; threads may share it.
class Problem {
  public:
    Problem(Tape tape, const std::string& engine);

    const Program& program(int degree) const {
        std::call_once(once_[degree], [&] {
            compiled_[degree] = std::make_unique<Compiled>(tape_, degree);
        });
        return compiled_[degree]->program;
    }
    int variables() const { return tape_.variables; }
    int registers() const { return tape_.registers; }
    const Engine& engine() const { return *engine_; }

  private:
    Tape tape_;
    mutable std::once_flag once_[3];
    mutable std::unique_ptr<Compiled> compiled_[3];
    const Engine* engine_;
};

inline double middle(double low, double high) { return 0.5 * low + 0.5 * high; }

struct Options {
    std::vector<int> degrees{2};  // tried in this order
    double slack = 1e-11;
    int64_t boxes = 1 << 20;
    double seconds = 1e300;
    bool stop_at_suspects = false;
    std::vector<double> scale;  // radii by which widths are judged; those of the root if empty
    const std::atomic<bool>* cancel = nullptr;
};

struct Growth {
    std::string tree;
    int64_t boxes = 0, leaves = 0, open = 0, deepest = 0;
    double closed_volume = 0, work = 0;
    bool stuck = false, stopped = false;  // stopped: cancelled, out of time, or at suspects
    std::vector<double> suspects;         // rows of points
};

Growth grow(const Problem& problem, const double* low, const double* high, const std::string& tree,
            const Options& options);

// Ranges of all atoms on `count` boxes, (count, atoms); with a register, its models as well,
// (count, 4 + m + m(m+1)/2) for m variables and symbols: c, e, low, high, g, h.
void evaluate(const Problem& problem, int degree, int64_t count, const double* low,
              const double* high, double* least, double* largest, int reg, double* model);

// The radii by which widths of variables are judged.
std::vector<double> scale_of(int n, const double* low, const double* high, const Options& options);

// Throws std::invalid_argument unless the box is one.
void check_box(int n, const double* low, const double* high);

std::vector<std::string> engines();  // that this processor can run, the fastest first
const Engine* find_engine(const std::string& name);

}  // namespace certify
