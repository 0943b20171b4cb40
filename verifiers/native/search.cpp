#include "search.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <tuple>

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

// The tree as it grows: the halves of a node are neighbours.
class Tree {
  public:
    std::vector<uint8_t> rule{kOpen};
    std::vector<uint32_t> child{0};

    uint32_t split(uint32_t node, int variable) {
        if (rule.size() > 0xfffffff0u) throw std::length_error("the tree is too large");
        rule[node] = (uint8_t)variable;
        child[node] = (uint32_t)rule.size();
        rule.insert(rule.end(), 2, kOpen);
        child.insert(child.end(), 2, 0);
        return child[node];
    }

    std::string preorder(std::vector<uint32_t>* open = nullptr) const {
        std::string bytes;
        bytes.reserve(rule.size());
        std::vector<uint32_t> pending{0};
        while (!pending.empty()) {
            const uint32_t node = pending.back();
            pending.pop_back();
            bytes.push_back((char)rule[node]);
            if (rule[node] < kLeaf) {
                pending.push_back(child[node] + 1);
                pending.push_back(child[node]);
            } else if (open && rule[node] == kOpen) {
                open->push_back(node);
            }
        }
        return bytes;
    }
};

// Boxes with their nodes; a box takes 2 n doubles.
class Boxes {
  public:
    explicit Boxes(int n) : n_(n) {}

    size_t size() const { return node.size(); }
    const double* low(size_t k) const { return ends.data() + k * 2 * n_; }
    const double* high(size_t k) const { return low(k) + n_; }
    void push(const double* low, const double* high, uint32_t where, int levels) {
        ends.insert(ends.end(), low, low + n_);
        ends.insert(ends.end(), high, high + n_);
        node.push_back(where);
        depth.push_back(levels);
    }
    // Both halves of a box, the lower one on top.
    void push_halves(double* low, double* high, int variable, uint32_t child, int levels) {
        const double l = low[variable], h = high[variable], m = middle(l, h);
        low[variable] = m;
        push(low, high, child + 1, levels);
        low[variable] = l;
        high[variable] = m;
        push(low, high, child, levels);
        high[variable] = h;
    }
    void pop(double* low, double* high, uint32_t& where, int& levels) {
        std::copy_n(ends.end() - 2 * n_, n_, low);
        std::copy_n(ends.end() - n_, n_, high);
        where = node.back();
        levels = depth.back();
        ends.resize(ends.size() - 2 * n_);
        node.pop_back();
        depth.pop_back();
    }

    std::vector<double> ends;
    std::vector<uint32_t> node;
    std::vector<int32_t> depth;

  private:
    int n_;
};

// Read a preorder: its nodes, and its open boxes in preorder.
void read_tree(const std::string& bytes, const double* low, const double* high, int n, Tree& tree,
               Boxes& open, Growth& result) {
    Boxes pending(n);
    pending.push(low, high, 0, 0);
    std::vector<double> l(n), h(n);
    for (unsigned char byte : bytes) {
        if (!pending.size()) throw std::invalid_argument("the tree goes on after its last leaf");
        uint32_t node;
        int depth;
        pending.pop(l.data(), h.data(), node, depth);
        if (byte == kOpen) {
            open.push(l.data(), h.data(), node, depth);
        } else if (byte >= kLeaf && byte < kOpen) {
            tree.rule[node] = byte;
            result.leaves++;
            result.closed_volume += std::ldexp(1.0, -depth);
        } else if (byte < n && depth < kDeepest) {
            pending.push_halves(l.data(), h.data(), byte, tree.split(node, byte), depth + 1);
        } else {
            throw std::invalid_argument("the tree has a rule that is not known");
        }
        result.deepest = std::max<int64_t>(result.deepest, depth);
    }
    if (pending.size()) throw std::invalid_argument("the tree ends before its leaves cover the box");
}

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
        if (open) {
            suspect = trial.refute(trial.divide(open, variable));
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
                stack.push_halves(&l[k * n], &h[k * n], variable[k], child, depth[k] + 1);
                result.deepest = std::max<int64_t>(result.deepest, depth[k] + 1);
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
