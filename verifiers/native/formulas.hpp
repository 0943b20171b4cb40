// From models of atoms to the boxes on which a formula is proved.
#pragma once

#include "execute.hpp"
#include "monotone.hpp"

namespace {

void run_group(const Program& p, Memory& m, int g) {
    if (m.done[g]) return;
    m.done[g] = 1;
    m.work += p.group[g].work;
    for (int k = p.group[g].first; k < p.group[g].last; k++) execute(p, p.step[k], m);
}

void run_groups(const Program& p, Memory& m, int atom) {
    const AtomCode& a = p.atom[atom];
    m.known[atom] = 1;
    for (int k = 0; k < a.group_count; k++) run_group(p, m, p.pool[a.groups + k]);
}

LANES_INLINE void run_atom(const Program& p, Memory& m, int atom) {
    if (!m.known[atom]) run_groups(p, m, atom);
}

LANES_INLINE Interval atom_range(const Program& p, Memory& m, const AtomCode& atom) {
    Interval x = scaled(atom.weight, range_of(at(m, p.form[atom.reg].base)));
    return shifted(atom.bias, x);
}

// The same with a sharper lower end, for which every coordinate's share is left in memory.
LANES_INLINE Interval sharp_range(const Program& p, Memory& m, const AtomCode& atom) {
    Interval x = atom_range(p, m, atom);
    if (!p.form[atom.reg].h) return x;
    Real& known = *at(m, atom.shares);
    unsigned char& bounded = m.bounded[&atom - p.atom];
    if (!bounded) known = least(p, m, atom);
    bounded = 1;
    const Real low = known + all(atom.bias);
    x.low = pick(is_finite(x) & less(x.low, low), smaller(low, x.high), x.low);
    return x;
}

LANES_INLINE Mask atom_holds(const Program& p, Memory& m, const Part& part, Interval x,
                             double slack, bool sharp = false) {
    const AtomCode& atom = p.atom[part.atom];
    const Mask finite = is_finite(x);
    if (part.kind == kDefined) return finite;
    // a slack below 0 is its own opposite, and limits that are attained do not count
    const bool ties = part.kind == kNonnegative && slack >= 0 && !sharp;
    if (p.degree == 0) return finite & (ties ? less_equal(all(0), x.low) : less(all(0), x.low));
    const Real* v = at(m, p.form[atom.reg].base);
    Real size = magnitude(v[kCentre]) + v[kError] + (v[kSlopes] + v[kBends]);
    size = all(__builtin_fabs(atom.weight)) * size + all(__builtin_fabs(atom.bias));
    Mask clear = less(all(__builtin_fabs(slack)) * size, x.low);
    // a limit that is attained exactly is a limit of the plain range, without rounding
    if (ties) clear = clear | equal(x.low, all(0));
    return finite & clear;
}

unsigned prove_part(const Program& p, Memory& m, int at_part, unsigned lanes, double slack) {
    const Part& part = p.part[at_part];
    if (part.kind != kAll && part.kind != kAny) {
        run_atom(p, m, part.atom);
        const AtomCode& atom = p.atom[part.atom];
        unsigned proved = lanes_of(atom_holds(p, m, part, atom_range(p, m, atom), slack));
        if (p.degree && p.form[atom.reg].h && part.kind != kDefined && (lanes & ~proved)) {
            proved |= lanes_of(atom_holds(p, m, part, sharp_range(p, m, atom), slack, true));
        }
        return lanes & proved;
    }
    unsigned open = lanes;
    for (int child = at_part + 1; child < part.end && open; child = p.part[child].end) {
        const unsigned proved = prove_part(p, m, child, open, slack);
        open = part.kind == kAll ? proved : open & ~proved;
    }
    return part.kind == kAll ? open : lanes & ~open;
}

}  // namespace
