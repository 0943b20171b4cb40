// The engine's functions on eight boxes at a time.
//
// Compiled once for each instruction set, as CERTIFY_ISA; a lane never depends on its neighbours.
#include "blame.hpp"
#include "foresight.hpp"
#include "narrowing.hpp"

namespace {

Mask false_at(const Program& p, Memory& m, int at_part) {
    const Part& part = p.part[at_part];
    if (part.kind == kAll || part.kind == kAny) {
        int child = at_part + 1;
        Mask r = false_at(p, m, child);
        for (child = p.part[child].end; child < part.end; child = p.part[child].end) {
            const Mask b = false_at(p, m, child);
            r = part.kind == kAll ? r | b : r & b;
        }
        return r;
    }
    run_atom(p, m, part.atom);
    const Interval x = atom_range(p, m, p.atom[part.atom]);
    if (part.kind == kDefined) return all_bits(0);
    return is_finite(x) &
           (part.kind == kPositive ? less_equal(x.high, all(0)) : less(x.high, all(0)));
}

unsigned refute(const Program& p, Memory& m, int part) { return lanes_of(false_at(p, m, part)); }

unsigned prove(const Program& p, Memory& m, int part, unsigned lanes, double slack, bool last) {
    m.lanes = lanes;
    if (part != 0 || p.rest < 0 || (p.degree == 0 && last))
        return prove_part(p, m, part, lanes, slack);
    unsigned open = lanes;
    for (int k = 0; k < p.guard_count && open; k++)
        open &= ~prove_part(p, m, p.pool[p.guards + k], open, slack);
    // constants hardly ever prove what is guarded, and cost a quarter of what proves it
    if (!open || p.degree == 0) return lanes & ~open;
    m.lanes = open;
    narrow_boxes(p, m, open);
    open &= ~prove_part(p, m, p.rest, open, slack);
    if (open) widen(p, m, open);
    return lanes & ~open;
}

}  // namespace

namespace certify {
#define ENGINE_NAME_(x) engine_##x
#define ENGINE_NAME(x) ENGINE_NAME_(x)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
extern const Engine ENGINE_NAME(CERTIFY_ISA) = {
    TEXT(CERTIFY_ISA), prepare, load, prove, judge, foresee, refute, run_atom};
}  // namespace certify
