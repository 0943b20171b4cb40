// Eight boxes at a time, tried in all degrees.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "search.hpp"

namespace certify {

// Memory for evaluations in one degree.
class Evaluation {
  public:
    Evaluation(const Problem& problem, int degree)
        : engine_(problem.engine()), program_(problem.program(degree)),
          vectors_((double*)std::aligned_alloc(64, (size_t)program_.size * kVector)),
          box_((double*)std::aligned_alloc(64, (size_t)program_.variables * 4 * kVector)),
          room_((double*)std::aligned_alloc(64, (size_t)(program_.room + 1) * kVector)),
          done_(program_.groups + program_.registers + 2 * program_.atoms), live_(program_.layouts),
          integers_(program_.slots + program_.columns), arguments_(program_.columns) {
        if (!vectors_ || !box_ || !room_) throw std::bad_alloc();
        int32_t* slot = integers_.data();
        for (int k = 0; k < program_.layouts; k++) {
            live_[k].slot = slot;
            slot += program_.layout[k].g + program_.layout[k].h;
        }
        memory_.vectors = vectors_;
        memory_.box = box_;
        memory_.room = room_;
        memory_.done = done_.data();
        memory_.none = memory_.done + program_.groups;
        memory_.known = memory_.none + program_.registers;
        memory_.bounded = memory_.known + program_.atoms;
        memory_.live = live_.data();
        memory_.column = slot;
        memory_.argument = arguments_.data();
        engine_.prepare(program_, memory_);
    }
    ~Evaluation() {
        std::free(vectors_);
        std::free(box_);
        std::free(room_);
    }
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    void load(const double* low, const double* high) { engine_.load(program_, memory_, low, high); }
    unsigned prove(int part, unsigned lanes, double slack, bool last) {
        return engine_.prove(program_, memory_, part, lanes, slack, last);
    }
    void judge(int part, unsigned lanes, double slack, const double* share, Judgement& out) {
        engine_.judge(program_, memory_, part, lanes, slack, share, out);
    }
    void foresee(int part, unsigned lanes, double slack, const int* variable, Outlook& out) {
        engine_.foresee(program_, memory_, part, lanes, slack, variable, out);
    }
    unsigned refute(int part) { return engine_.refute(program_, memory_, part); }
    void atom(int k) { engine_.atom(program_, memory_, k); }
    const double* vectors(int reg) const {
        return vectors_ + (size_t)program_.form[reg].base * kLanes;
    }
    // of an atom that was evaluated
    std::pair<double, double> range(int atom, int lane) const {
        const AtomCode& a = program_.atom[atom];
        const double* v = vectors(a.reg) + lane;
        const double x = a.weight * v[kLow * kLanes], y = a.weight * v[kHigh * kLanes];
        return {(a.weight < 0 ? y : x) + a.bias, (a.weight < 0 ? x : y) + a.bias};
    }
    double work() const { return memory_.work; }
    // whether the coefficients of a variable or symbol are zero, and not in the registers
    bool is_dead(int variable) const {
        const int symbol = variable - program_.variables;
        return symbol >= 0 && (memory_.dead >> symbol & 1);
    }

  private:
    const Engine& engine_;
    const Program& program_;
    double *vectors_, *box_, *room_;
    std::vector<unsigned char> done_;
    std::vector<Live> live_;
    std::vector<int32_t> integers_;
    std::vector<const void*> arguments_;
    Memory memory_{};
};

// Eight boxes, tried and where they are not proved told what to split.
class Trial {
  public:
    Trial(const Problem& problem, const Options& options, int part, const std::vector<double>& scale)
        : n_(problem.variables()), problem_(problem), options_(options), part_(part),
          points_(problem, 0) {
        for (int degree : options.degrees)
            evaluations_.push_back(std::make_unique<Evaluation>(problem, degree));
        if (evaluations_.empty()) throw std::invalid_argument("no degree to try");
        for (double r : scale) inverse_.push_back(r > 0 ? 1 / r : 0);
        storage_.resize((size_t)(5 * n_ + 1) * kLanes);
        void* start = storage_.data();
        size_t room = storage_.size() * sizeof(double);
        std::align(64, (size_t)5 * n_ * kLanes * sizeof(double), start, room);
        low_ = (double*)start;
        high_ = low_ + n_ * kLanes;
        share_ = high_ + n_ * kLanes;
        centre_ = share_ + n_ * kLanes;
        score_ = centre_ + n_ * kLanes;
    }

    void set(int lane, const double* low, const double* high) {
        for (int i = 0; i < n_; i++) {
            low_[i * kLanes + lane] = low[i];
            high_[i * kLanes + lane] = high[i];
        }
    }
    void fill(int count) {  // lanes without a box repeat the first
        for (int k = count; k < kLanes; k++)
            for (int i = 0; i < n_; i++) {
                low_[i * kLanes + k] = low_[i * kLanes];
                high_[i * kLanes + k] = high_[i * kLanes];
            }
        loaded_ = 0;
    }

    // rule[k]: a leaf's byte or kOpen
    unsigned prove(unsigned lanes, uint8_t* rule) {
        unsigned open = lanes;
        for (size_t d = 0; d < degrees() && open; d++) open &= ~prove_in(d, open, rule);
        return open;
    }
    // the same with one of the degrees: the lanes that it proves
    unsigned prove_in(size_t d, unsigned lanes, uint8_t* rule) {
        if (is_idle(d, problem_.program(options_.degrees[d]))) return 0;
        const unsigned proved = load(d).prove(part_, lanes, options_.slack, d + 1 == degrees());
        for (int k = 0; k < kLanes; k++)
            if (proved >> k & 1) rule[k] = (uint8_t)(kLeaf + options_.degrees[d]);
        return proved;
    }
    size_t degrees() const { return evaluations_.size(); }

    // the variable to split for every open lane, or -1; returns the lanes that look false
    unsigned divide(unsigned lanes, int* variable) {
        for (int k = 0; k < kLanes; k++) {
            double sum = 0;
            for (int i = 0; i < n_; i++) {
                const double r = (high_[i * kLanes + k] - low_[i * kLanes + k]) * 0.5 * inverse_[i];
                share_[i * kLanes + k] = r;
                sum += r;
            }
            for (int i = 0; i < n_ && sum > 0; i++) share_[i * kLanes + k] /= sum;
        }
        Judgement judgement{score_, 0, 0};
        load(evaluations_.size() - 1).judge(part_, lanes, options_.slack, share_, judgement);
        undefined_ = judgement.undefined;
        for (int k = 0; k < kLanes; k++)
            if (lanes >> k & 1) variable[k] = choose(k, undefined_ >> k & 1);
        return lanes & judgement.doubtful;
    }

    // what comes of the halves of the boxes of the lanes, as they were divided
    Outlook foresee(unsigned lanes, const int* variable) {
        Outlook out{};
        lanes &= ~undefined_;
        if (lanes) last().foresee(part_, lanes, options_.slack, variable, out);
        return out;
    }
    uint8_t rule() const { return (uint8_t)(kLeaf + options_.degrees.back()); }
    // the variable to split a half for which the box would be divided again, or -1
    int again(int lane, int variable) {
        score_[variable * kLanes + lane] *= 0.5;
        double& high = high_[variable * kLanes + lane];
        const double whole = high;
        high = middle(low_[variable * kLanes + lane], high);
        const int next = choose(lane, false);
        high = whole;
        return next;
    }

    // of the lanes those where the formula is false at the centre
    unsigned refute(unsigned lanes) {
        if (!lanes) return 0;
        for (int i = 0; i < n_ * kLanes; i++) centre_[i] = middle(low_[i], high_[i]);
        points_.load(centre_, centre_);
        return lanes & points_.refute(part_);
    }
    double at_centre(int i, int lane) const { return centre_[i * kLanes + lane]; }
    Evaluation& points() { return points_; }
    Evaluation& last() { return load(evaluations_.size() - 1); }

    double work() const {
        double sum = points_.work();
        for (const auto& e : evaluations_) sum += e->work();
        return sum;
    }

  private:
    // Where constants would be asked for the guards of a formula alone, lines prove these as well for
    // about the same work, and are needed for all other boxes anyway.
    bool is_idle(size_t d, const Program& program) const {
        return program.degree == 0 && program.rest >= 0 && part_ == 0 && d + 1 < degrees() &&
               options_.degrees[d + 1] == 1;
    }

    Evaluation& load(size_t d) {
        Evaluation& e = *evaluations_[d];
        if (!(loaded_ >> d & 1)) {
            e.load(low_, high_);
            loaded_ |= 1u << d;
        }
        return e;
    }

    int choose(int lane, bool undefined) const {
        const double* weight = undefined ? share_ : score_;
        int best = -1;
        for (int pass = 0; pass < 2 && best < 0; pass++, weight = share_) {
            for (int i = 0; i < n_; i++) {
                const double l = low_[i * kLanes + lane], h = high_[i * kLanes + lane];
                const double m = middle(l, h);
                if (!(l < m && m < h)) continue;
                const double w = weight[i * kLanes + lane];
                if (pass == 0 && !(w > 0)) continue;
                if (best < 0 || w > weight[best * kLanes + lane]) best = i;
            }
        }
        return best;
    }

    int n_;
    const Problem& problem_;
    const Options& options_;
    int part_;
    std::vector<std::unique_ptr<Evaluation>> evaluations_;
    Evaluation points_;
    unsigned loaded_ = 0, undefined_ = 0;
    std::vector<double> inverse_, storage_;
    double *low_, *high_, *share_, *centre_, *score_;
};

}  // namespace certify
