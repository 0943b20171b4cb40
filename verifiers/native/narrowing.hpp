// Boxes cut down to where the guards of a formula do not hold.
#pragma once

#include "formulas.hpp"
#include "placing.hpp"

namespace {

const double kLittle = 16;  // times narrower

// See certify.proofs.checker.narrowing: a u such that g t + q t^2 > b for t in (u, 1].
LANES_INLINE Mask exceeds(Real g, Real q, Real t, Real b) { return less(b, g * t + q * t * t); }

LANES_INLINE Real cut(Real g, Real q, Real b) {
    const Mask ever = exceeds(g, q, all(1), b);
    if (!some(ever)) return all(1);
    const Real r = root(larger(g * g + all(4) * q * b, all(0)));
    Real u = pick(less(g, all(0)), (r - g) / (q + q), (b + b) / (g + r));
    u = u + all(4e-9) * (all(1) + magnitude(u));  // less than the checker dares
    u = smaller(larger(u, all(-1)), all(1));
    const Mask rises = less(all(1e-13) * (magnitude(g) + magnitude(q)), g + (q + q) * u);
    const Mask back = ever & (rises | ~less(all(0), q));
    return pick(back & exceeds(g, q, u, b), u, all(1));
}

// Where the value of an atom is not positive: `low` and `high` are bounds of the variables in
// [-1, 1], and become narrower.
void narrow_by(const Program& p, Memory& m, const AtomCode& atom, Real* low, Real* high) {
    const Form& f = p.form[atom.reg];
    const Real *v = at(m, f.base), *g = v + kCoefficients;
    Real diagonal[kMost], spread[kMost];
    const Live live = live_of(p, m, f);
    rows_of(p, f, live, g + f.g, diagonal, spread);
    const Real weight = all(atom.weight), size = magnitude(weight);
    Real total = all(0), fall[kMost];
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        const Real q = weight * diagonal[i] - size * spread[i];
        fall[i] = fall_of(weight * g[i], q);
        total = total + fall[i];
        diagonal[i] = q;
    }
    const Real c = weight * v[kCentre] + all(atom.bias), e = size * v[kError];
    const Mask known = is_finite(atom_range(p, m, atom));
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        const int32_t j = p.pool[f.variables + i];
        if (j >= p.variables) break;  // symbols are last
        const Real b = (e - c) + (total - fall[i]), slope = weight * g[i];
        high[j] = pick(known, smaller(high[j], cut(slope, diagonal[i], b)), high[j]);
        low[j] = pick(known, larger(low[j], -cut(-slope, diagonal[i], b)), low[j]);
    }
}

// Cut the boxes down to where the guards do not hold.
void narrow_boxes(const Program& p, Memory& m, unsigned lanes) {
    Real low[kMost], high[kMost];
    for (int i = 0; i < p.variables; i++) {
        low[i] = all(-1);
        high[i] = all(1);
    }
    for (int k = 0; k < p.guard_count; k++) {
        const AtomCode& atom = p.atom[p.part[p.pool[p.guards + k]].atom];
        if (lanes & lanes_of(less(all(0), atom_range(p, m, atom).high)))
            narrow_by(p, m, atom, low, high);
    }
    Mask fine = all_bits(-1);
    for (int i = 0; i < p.variables; i++) fine = fine & less_equal(low[i], high[i]);
    unsigned changed = 0;
    for (int i = 0; i < p.variables; i++) {
        Real& l = ((Real*)m.box)[i];
        Real& h = ((Real*)m.box)[p.variables + i];
        const Mask use = fine & less(high[i] - low[i], all(1.9));
        changed |= lanes_of(use);
        const Real middle = all(0.5) * l + all(0.5) * h, radius = larger(h - middle, middle - l);
        const Real first = larger(l, middle + radius * low[i]);
        const Real last = larger(first, smaller(h, middle + radius * high[i]));
        l = pick(use, first, l);
        h = pick(use, last, h);
    }
    if (changed & lanes) place(p, m);
}

// Boxes of which next to nothing is left that stay open are widened again before they are divided:
// there the bounds of the guards are too wide, and cuts through the little that is left do not help.
void widen(const Program& p, Memory& m, unsigned lanes) {
    Real* box = (Real*)m.box;
    const int n = p.variables;
    Mask little = all_bits(0);
    for (int i = 0; i < n; i++)
        little = little | less(all(kLittle) * (box[n + i] - box[i]), box[3 * n + i] - box[2 * n + i]);
    if (!(lanes_of(little) & lanes)) return;
    for (int i = 0; i < 2 * n; i++) box[i] = pick(little, box[2 * n + i], box[i]);
    place(p, m);
}

}  // namespace
