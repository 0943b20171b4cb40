// Boxes as models of the variables, in the memory of an evaluation.
#pragma once

#include "models.hpp"

namespace {

void prepare(const Program& p, Memory& m) {
    for (int k = 0; k < p.size; k++) *at(m, k) = all(0);
    for (int k = 0; k < p.fixed; k++) {
        Real* v = at(m, p.form[p.constant[k].reg].base);
        v[kCentre] = v[kLow] = v[kHigh] = all(p.constant[k].value);
    }
    m.work = 0;
    for (int r = 0; r < p.registers; r++) m.none[r] = 0;
    for (int k = 0; k < p.layouts; k++) refresh(p, p.layout[k], 0, m.live[k]);
}

void place(const Program& p, Memory& m) {
    for (int g = 0; g < p.groups; g++) m.done[g] = 0;
    for (int k = 0; k < p.atoms; k++) m.known[k] = m.bounded[k] = 0;
    m.dead = 0;
    for (int i = 0; i < p.variables; i++) {
        const Form& f = p.form[i];
        Real* v = at(m, f.base);
        const Real l = ((const Real*)m.box)[i], h = ((const Real*)m.box)[p.variables + i];
        set_range(v, {l, h});
        if (!p.degree) continue;
        const Real middle = all(0.5) * l + all(0.5) * h;
        v[kCentre] = middle;
        v[kSlopes] = v[kCoefficients] = larger(h - middle, middle - l);
    }
}

void load(const Program& p, Memory& m, const double* low, const double* high) {
    const int size = p.variables * kLanes;
    for (int i = 0; i < size; i++) {
        m.box[i] = m.box[2 * size + i] = low[i];
        m.box[size + i] = m.box[3 * size + i] = high[i];
    }
    m.lanes = kAllLanes;
    place(p, m);
}

}  // namespace
