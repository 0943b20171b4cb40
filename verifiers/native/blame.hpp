// What keeps a formula unproved, and which variable to split.
#pragma once

#include "formulas.hpp"

namespace {

const double kProved = 1e300;  // bounds that need no split are above

struct Blame {
    Real bound;     // the lower bound that keeps the formula unproved, relative to its range
    Real atom;      // whose it is
    Mask possible;  // whether the formula looks true at the centre
};

// A limit that a box touches stays touched by one of its halves for ever.
LANES_INLINE Real hope(Real bound) {
    return pick(less(all(-1e-9), bound) & less(bound, all(kProved)), all(-2), bound);
}

// All its parts have to hold: the first that is open is to blame, as theorems name the hardest last
// and the engine tries it first; the others need not be known.  Of parts of which one suffices it is
// the best, by bounds relative to the widths of their ranges.
Blame blame(const Program& p, Memory& m, int at_part, unsigned lanes, double slack) {
    const Part& part = p.part[at_part];
    if (part.kind == kAll || part.kind == kAny) {
        int child = at_part + 1;
        Blame r = blame(p, m, child, lanes, slack);
        if (part.kind == kAny) r.bound = hope(r.bound);
        for (child = p.part[child].end; child < part.end; child = p.part[child].end) {
            // the rest is of no use where every box has a part that decides
            const Mask holds = less(all(kProved), r.bound);
            if (!(lanes & (part.kind == kAll ? lanes_of(holds) : ~lanes_of(holds)))) break;
            Blame b = blame(p, m, child, lanes, slack);
            if (part.kind == kAny) b.bound = hope(b.bound);
            const Mask take = part.kind == kAll ? holds : less(r.bound, b.bound);
            r.bound = pick(take, b.bound, r.bound);
            r.atom = pick(take, b.atom, r.atom);
            r.possible = part.kind == kAll ? (r.possible & ~holds) | (b.possible & holds)
                                           : r.possible | b.possible;
        }
        return r;
    }
    run_atom(p, m, part.atom);
    const AtomCode& atom = p.atom[part.atom];
    const Interval x = p.degree && part.kind != kDefined ? sharp_range(p, m, atom)
                                                         : atom_range(p, m, atom);
    const Mask holds = atom_holds(p, m, part, atom_range(p, m, atom), slack) |
                       atom_holds(p, m, part, x, slack, true);
    Real bound = x.low / (x.high - x.low + all(1e-300));
    bound = pick(is_finite(bound), bound, all(-1e300));
    if (part.kind == kDefined) bound = all(-1e300);
    const Real centre =
        p.degree ? all(atom.weight) * at(m, p.form[atom.reg].base)[kCentre] + all(atom.bias)
                 : (x.low + x.high) * all(0.5);
    Mask possible = part.kind == kPositive ? ~less_equal(centre, all(0)) : ~less(centre, all(0));
    if (part.kind == kDefined) possible = all_bits(-1);
    return {pick(holds, all(2 * kProved), bound), all(part.atom), possible | holds};
}

// The error that a symbol stands for grows with the slopes of what its rule was applied to, and with
// the error of that, which can come from any variable.
void score_symbol(const Program& p, Memory& m, const Source& source, Real weight, const Real* share,
                  Real* score) {
    Real slopes[kMost], error = all(0), sum = all(1e-300);
    for (int i = 0; i < p.variables; i++) slopes[i] = all(0);
    for (int part = 0; part < (source.y < 0 ? 1 : 2); part++) {
        const Form& f = p.form[part ? source.y : source.x];
        const Real *v = at(m, f.base), *g = v + kCoefficients;
        error = error + v[kError];
        for (int i = 0; i < f.g; i++) {  // variables are live
            const int32_t j = p.pool[f.variables + i];
            if (j >= p.variables) break;  // symbols are last
            slopes[j] = part ? slopes[j] + all(source.sign) * g[i] : g[i];
        }
    }
    for (int i = 0; i < p.variables; i++) {
        slopes[i] = magnitude(slopes[i]) + error * share[i];
        sum = sum + slopes[i];
    }
    weight = weight / sum;
    for (int i = 0; i < p.variables; i++) score[i] = score[i] + weight * slopes[i];
}

// Add to the score of every variable what its split would take off an atom's bound.
void score_atom(const Program& p, Memory& m, int atom, const Real* share, Real* score) {
    const AtomCode& code = p.atom[atom];
    const Form& f = p.form[code.reg];
    const Real *v = at(m, f.base), *g = v + kCoefficients;
    const Separable s = shares_of(p, m, code);
    if (f.h) sharp_range(p, m, code);
    const Live live = live_of(p, m, f);
    for (int i = 0; i < p.variables; i++) score[i] = v[kError] * share[i];
    // |g| + max(-q, 0) is never below the loss -min (g t + q t^2).  A part of the curvature counts
    // even where it helps: a condition that is tight at the vertex of a parabola inside the box
    // would otherwise be cut across the other variables for ever.  An atom that need not hold
    // everywhere is to be separated into boxes where it does and others: all that varies counts.
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        const int32_t j = p.pool[f.variables + i];
        Real slope = all(code.weight) * g[i], bend = all(0);
        if (f.h) {
            slope = s.slope[i];
            const Real tip = all(0.25) * magnitude(s.bend[i]);
            bend = s.spread[i] + larger(tip, -s.bend[i]);
        }
        if (f.h && code.alternative) bend = s.spread[i] + magnitude(s.bend[i]);
        if (j < p.variables)
            score[j] = score[j] + (magnitude(slope) + bend);
        else
            score_symbol(p, m, p.source[j - p.variables], magnitude(slope) + bend, share,
                         score);
    }
}

void judge(const Program& p, Memory& m, int part, unsigned lanes, double slack,
           const double* share, Judgement& out) {
    const Blame b = blame(p, m, part, lanes, slack);
    Real* total = (Real*)out.score;
    for (int i = 0; i < p.variables; i++) total[i] = all(0);
    out.doubtful = lanes_of(~b.possible);
    if (p.degree) {
        Real score[kMost];
        for (int k = 0; k < p.atoms; k++) {
            const Mask here = equal(b.atom, all(k));
            if (!(lanes & lanes_of(here))) continue;
            score_atom(p, m, k, (const Real*)share, score);
            for (int i = 0; i < p.variables; i++) total[i] = pick(here, score[i], total[i]);
        }
    }
    Real sum = all(0);
    for (int i = 0; i < p.variables; i++) sum = sum + total[i];
    out.undefined = lanes_of(~(less(all(0), sum) & is_finite(sum)));
}

}  // namespace
