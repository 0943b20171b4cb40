// One step of a program: an operator applied to registers.
#pragma once

#include "functions.hpp"
#include "matrices.hpp"
#include "moves.hpp"

namespace {

void execute(const Program& p, const Step& s, Memory& m) {
    switch (s.op) {
    case kAdd: combine(p, s, m, 1.0); break;
    case kSub: combine(p, s, m, -1.0); break;
    case kScale: scale(p, s, m); break;
    case kAffine: affine(p, s, m); break;
    case kMul: multiply(p, s, m); break;
    case kSquare:
        if (s.degree == 1) {
            multiply(p, s, m);
            break;
        }
        multiply_by_itself(p, s, m);
        break;
    case kRelu:
    case kAbs: kink(p, s, m); break;
    case kMax: maximum(p, s, m); break;
    case kStep: constant(p, s, m, step_range(range_of(at(m, p.form[s.x].base)))); break;
    case kSelect: choose(p, s, m); break;
    case kQuotient:
    case kQuotient2: divided(p, s, m); break;
    case kIncrement: increment(p, s, m); break;
    case kQuadratic: quadratic(p, s, m); break;
    case kSum: sum(p, s, m); break;
    case kMove: move(p, s, m); break;
    default: smooth(p, s, m);
    }
}

}  // namespace
