#include "search.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <tuple>

#include "growing.hpp"
#include "trial.hpp"

namespace certify {

// ---------------------------------------------------------------- engines

std::vector<std::string> engines() {
    std::vector<std::string> names;
#ifdef CERTIFY_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        names.push_back("avx512");
    if (__builtin_cpu_supports("avx2")) names.push_back("avx2");
#endif
    names.push_back("plain");
    return names;
}

const Engine* find_engine(const std::string& name) {
    const auto names = engines();
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
        throw std::invalid_argument("this processor has no engine " + name);
    const std::string& chosen = name.empty() ? names.front() : name;
#ifdef CERTIFY_X86
    if (chosen == "avx512") return &engine_avx512;
    if (chosen == "avx2") return &engine_avx2;
#endif
    (void)chosen;
    return &engine_plain;
}

Problem::Problem(Tape tape, const std::string& engine) : tape_(std::move(tape)) {
    check_tape(tape_);
    engine_ = find_engine(engine);
}

std::vector<double> scale_of(int n, const double* low, const double* high, const Options& options) {
    if (!options.scale.empty()) {
        if ((int)options.scale.size() != n) throw std::invalid_argument("one scale a variable");
        return options.scale;
    }
    std::vector<double> scale(n);
    for (int i = 0; i < n; i++) scale[i] = 0.5 * high[i] - 0.5 * low[i];
    return scale;
}

void check_box(int n, const double* low, const double* high) {
    for (int i = 0; i < n; i++)
        if (!(std::isfinite(low[i]) && std::isfinite(high[i]) && low[i] <= high[i]))
            throw std::invalid_argument("the box is empty or unbounded");
}

namespace {

using Clock = std::chrono::steady_clock;

// When to stop for reasons other than the number of boxes.
class Limits {
  public:
    explicit Limits(const Options& options) : options_(options), start_(Clock::now()) {}
    bool reached() {
        if (options_.cancel && options_.cancel->load(std::memory_order_relaxed)) return true;
        if (options_.seconds >= 1e9 || (++calls_ & 63)) return false;
        return std::chrono::duration<double>(Clock::now() - start_).count() > options_.seconds;
    }

  private:
    const Options& options_;
    Clock::time_point start_;
    unsigned calls_ = 0;
};

const size_t kSuspects = 16;

}  // namespace

Growth grow(const Problem& problem, const double* low, const double* high, const std::string& tree,
            const Options& options) {
    const int n = problem.variables();
    check_box(n, low, high);
    Growth result;
    Tree grown;
    Boxes read(n), stack(n);
    read_tree(tree, low, high, n, grown, read, result);
    for (size_t k = read.size(); k-- > 0;)
        stack.push(read.low(k), read.high(k), read.node[k], read.depth[k]);
    read = Boxes(n);
    Trial trial(problem, options, 0, scale_of(n, low, high, options));
    Limits limits(options);
    std::vector<double> l((size_t)n * kLanes), h((size_t)n * kLanes);
    while (stack.size() && result.boxes < options.boxes) {
        if (limits.reached()) {
            result.stopped = true;
            break;
        }
        const int count = (int)std::min<int64_t>(
            {(int64_t)kLanes, (int64_t)stack.size(), options.boxes - result.boxes});
        uint32_t node[kLanes];
        int depth[kLanes], variable[kLanes];
        uint8_t rule[kLanes];
        for (int k = 0; k < count; k++) {
            stack.pop(&l[k * n], &h[k * n], node[k], depth[k]);
            trial.set(k, &l[k * n], &h[k * n]);
        }
        trial.fill(count);
        result.boxes += count;
        const unsigned open = trial.prove((1u << count) - 1, rule);
        unsigned suspect = 0;
        Outlook outlook{};
        if (open) {
            suspect = trial.refute(trial.divide(open, variable));
            outlook = trial.foresee(open & ~suspect, variable);
            for (int k = 0; k < count && result.suspects.size() < kSuspects * n; k++)
                if (suspect >> k & 1)
                    for (int i = 0; i < n; i++) result.suspects.push_back(trial.at_centre(i, k));
        }
        for (int k = count - 1; k >= 0; k--) {
            if (!(open >> k & 1)) {
                grown.rule[node[k]] = rule[k];
                result.leaves++;
                result.closed_volume += std::ldexp(1.0, -depth[k]);
            } else if (variable[k] < 0 || depth[k] >= kDeepest) {
                result.stuck = true;  // the box stays open
            } else {
                const uint32_t child = grown.split(node[k], variable[k]);
                result.deepest = std::max<int64_t>(result.deepest, depth[k] + 1);
                const int next = (outlook.hopeless[0] | outlook.hopeless[1]) >> k & 1
                                     ? trial.again(k, variable[k])
                                     : -1;
                for (int side = 1; side >= 0; side--) {
                    const Half half(&l[k * n], &h[k * n], variable[k], side);
                    if (outlook.closed[side] >> k & 1) {
                        grown.rule[child + side] = trial.rule();
                        result.leaves++;
                        result.closed_volume += std::ldexp(1.0, -depth[k] - 1);
                    } else if (next >= 0 && depth[k] + 1 < kDeepest &&
                               outlook.hopeless[side] >> k & 1) {
                        stack.push_halves(&l[k * n], &h[k * n], next,
                                          grown.split(child + side, next), depth[k] + 2);
                        result.deepest = std::max<int64_t>(result.deepest, depth[k] + 2);
                    } else {
                        stack.push(&l[k * n], &h[k * n], child + side, depth[k] + 1);
                    }
                }
            }
        }
        if (suspect && options.stop_at_suspects) {
            result.stopped = true;
            break;
        }
    }
    std::vector<uint32_t> open;
    result.tree = grown.preorder(&open);
    result.open = (int64_t)open.size();
    result.work = trial.work();
    return result;
}

void evaluate(const Problem& problem, int degree, int64_t count, const double* low,
              const double* high, double* least, double* largest, int reg, double* model) {
    const Program& p = problem.program(degree);
    const int n = p.variables, all = n + p.symbols;
    Evaluation evaluation(problem, degree);
    std::vector<double> storage((size_t)(2 * n + 1) * kLanes);
    void* start = storage.data();
    size_t room = storage.size() * sizeof(double);
    double* l = (double*)std::align(64, (size_t)2 * n * kLanes * sizeof(double), start, room);
    double* h = l + n * kLanes;
    for (int64_t first = 0; first < count; first += kLanes) {
        const int lanes = (int)std::min<int64_t>(kLanes, count - first);
        for (int k = 0; k < kLanes; k++)
            for (int i = 0; i < n; i++) {
                const int64_t row = first + std::min(k, lanes - 1);
                l[i * kLanes + k] = low[i * count + row];
                h[i * kLanes + k] = high[i * count + row];
            }
        evaluation.load(l, h);
        for (int a = 0; a < p.atoms; a++) {
            evaluation.atom(a);
            for (int k = 0; k < lanes; k++)
                std::tie(least[(first + k) * p.atoms + a], largest[(first + k) * p.atoms + a]) =
                    evaluation.range(a, k);
        }
        if (reg < 0) continue;
        const Form& f = p.form[reg];
        const double* v = evaluation.vectors(reg);
        const size_t width = (size_t)(kModelHead + all + all * (all + 1) / 2);
        for (int k = 0; k < lanes; k++) {
            double* row = model + (size_t)(first + k) * width;
            std::fill_n(row, width, 0.0);
            for (int i = 0; i < kModelHead; i++) row[i] = v[i * kLanes + k];
            const double* c = v + kCoefficients * kLanes + k;
            const int32_t* of = p.pool + f.variables;
            for (int i = 0; i < f.g; i++, c += kLanes)
                if (!evaluation.is_dead(of[i])) row[kModelHead + of[i]] = *c;
            for (int i = 0; i < f.h; i++, c += kLanes) {
                const int a = of[p.pool[f.pairs + 2 * i]], b = of[p.pool[f.pairs + 2 * i + 1]];
                if (evaluation.is_dead(a) || evaluation.is_dead(b)) continue;
                row[kModelHead + all + a * all - a * (a - 1) / 2 + b - a] = *c;
            }
        }
    }
}

}  // namespace certify
