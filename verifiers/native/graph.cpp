// From nodes to instructions on scalar registers, node by node.
//
// A register holds one scalar: the variables of the box come first, then constants and what the
// instructions write.  Stacks and components are only names for registers that exist; a matrix is one
// instruction, which writes consecutive registers.
#include "graph.hpp"

#include <stdexcept>
#include <string>

namespace certify {

namespace {

void require(bool fine, const char* what) {
    if (!fine) throw std::invalid_argument(std::string("the graph is damaged: ") + what);
}

class Lowering {
  public:
    Lowering(const Graph& graph, const Map* map) : graph_(graph) {
        require(graph.variables >= 1 && graph.variables <= 64, "variables");
        require(graph.nodes.size() % kNodeColumns == 0, "nodes");
        code_.variables = code_.registers = graph.variables;
        for (int32_t i = 0; i < graph.variables; i++) variables_.push_back(i);
        if (map) go_through(*map);
    }

    Code run() {
        const size_t count = graph_.nodes.size() / kNodeColumns;
        places_.reserve(count);
        for (size_t k = 0; k < count; k++) {
            std::vector<int32_t> found = place(graph_.nodes.data() + k * kNodeColumns);
            places_.push_back(std::move(found));
        }
        for (int32_t root : graph_.roots) code_.atoms.push_back({place_of(root).at(0), 1, 0});
        append_formula();
        return std::move(code_);
    }

  private:
    int32_t fresh() { return code_.registers++; }

    int32_t constant(double value) {
        code_.fixed.push_back({fresh(), value});
        return code_.fixed.back().first;
    }

    int32_t emit(Instruction instruction) {
        const bool kinked = is_kinked(instruction.op);
        if (kinked) instruction.numbers = {0, 1};
        instruction.out = {fresh()};
        code_.instructions.push_back(std::move(instruction));
        return code_.instructions.back().out[0];
    }

    int32_t emit(int32_t op, std::vector<int32_t> arguments, int32_t power = 0) {
        Instruction instruction;
        instruction.op = op;
        instruction.power = power;
        instruction.arguments = std::move(arguments);
        return emit(std::move(instruction));
    }

    // Matrix rows that write consecutive registers.
    std::vector<int32_t> matrix(const std::vector<int32_t>& arguments, const double* numbers,
                                int32_t rows) {
        Instruction instruction;
        instruction.op = kAffine;
        instruction.arguments = arguments;
        instruction.numbers.assign(numbers, numbers + (size_t)rows * (arguments.size() + 1));
        for (int32_t r = 0; r < rows; r++) instruction.out.push_back(fresh());
        code_.instructions.push_back(instruction);
        return instruction.out;
    }

    // The variables of the formula as sums of those of the tree, and atoms that say where one of
    // them is outside.
    void go_through(const Map& map) {
        const int32_t n = graph_.variables;
        require(map.matrix.size() == (size_t)n * n && map.centre.size() == (size_t)n &&
                    map.limits.size() == (size_t)2 * n && map.mixed.size() == (size_t)n,
                "a map");
        std::vector<double> numbers = map.matrix;
        numbers.insert(numbers.end(), map.centre.begin(), map.centre.end());
        const std::vector<int32_t> image = matrix(variables_, numbers.data(), n);
        for (int32_t i = 0; i < n; i++) {
            if (!map.mixed[i]) continue;
            variables_[i] = image[i];
            const int32_t high = constant(map.limits[2 * i + 1]);
            code_.atoms.push_back({emit(kSub, {image[i], high}), 1, 0});
            const int32_t low = constant(map.limits[2 * i]);
            code_.atoms.push_back({emit(kSub, {low, image[i]}), 1, 0});
        }
    }

    // What is outside is an alternative to the formula.
    void append_formula() {
        const auto outside = (int32_t)(code_.atoms.size() - graph_.roots.size());
        const int32_t shift = outside ? outside + 1 : 0;
        if (outside) code_.formula = {kAny, -1, shift + (int32_t)graph_.formula.size() / 3};
        for (int32_t k = 0; k < outside; k++)
            code_.formula.insert(code_.formula.end(), {kPositive, k, k + 2});
        for (size_t k = 0; k + 2 < graph_.formula.size(); k += 3) {
            const int32_t atom = graph_.formula[k + 1];
            code_.formula.insert(code_.formula.end(),
                                 {graph_.formula[k], atom < 0 ? atom : atom + outside,
                                  graph_.formula[k + 2] + shift});
        }
    }

    const std::vector<int32_t>& place_of(int32_t node) const {
        require(node >= 0 && (size_t)node < places_.size(), "a node is read before it is written");
        return places_[node];
    }

    const double* numbers_at(int32_t first, size_t count) const {
        require(first >= 0 && first + count <= graph_.numbers.size(), "numbers");
        return graph_.numbers.data() + first;
    }

    // Emits what a node needs; its registers.
    std::vector<int32_t> place(const int32_t* row) {
        std::vector<const std::vector<int32_t>*> arguments;
        require(row[kNodeArguments] >= 0 && row[kNodeArgumentCount] >= 0 &&
                    (size_t)row[kNodeArguments] + row[kNodeArgumentCount] <= graph_.arguments.size(),
                "arguments");
        for (int32_t k = 0; k < row[kNodeArgumentCount]; k++)
            arguments.push_back(&place_of(graph_.arguments[row[kNodeArguments] + k]));
        const int32_t power = row[kNodePower];
        switch (row[kNode]) {
        case kConstant: return {constant(*numbers_at(row[kNodeNumbers], 1))};
        case kVariable: return {variables_.at(power)};
        case kStack: {
            std::vector<int32_t> parts;
            for (const auto* part : arguments) parts.push_back(part->at(0));
            return parts;
        }
        case kIndex: return {arguments.at(0)->at(power)};
        case kAffine: {
            const auto& from = *arguments.at(0);
            const int32_t rows = row[kNodeSize];
            require(rows >= 1, "a matrix");
            return matrix(from, numbers_at(row[kNodeNumbers], rows * (from.size() + 1)), rows);
        }
        case kScale: return scaled(*arguments.at(0), row);
        default: return elementwise(arguments, row);
        }
    }

    std::vector<int32_t> scaled(const std::vector<int32_t>& from, const int32_t* row) {
        std::vector<int32_t> result;
        for (size_t k = 0; k < from.size(); k++) {
            Instruction instruction;
            instruction.op = kScale;
            instruction.arguments = {from[k]};
            instruction.numbers = {numbers_at(row[kNodeNumbers], from.size())[k]};
            result.push_back(emit(std::move(instruction)));
        }
        return result;
    }

    std::vector<int32_t> elementwise(const std::vector<const std::vector<int32_t>*>& arguments,
                                     const int32_t* row) {
        require(row[kNode] >= kAdd && row[kNode] < kQuadratic && !arguments.empty(), "an operator");
        std::vector<int32_t> result;
        for (size_t k = 0; k < arguments[0]->size(); k++) {
            Instruction instruction;
            instruction.op = row[kNode];
            instruction.power = row[kNodePower];
            instruction.function = row[kNodeFunction];
            instruction.symbol = row[kNodeSymbol] < 0 ? -1 : row[kNodeSymbol] + (int32_t)k;
            instruction.last = row[kNodeLast];
            for (const auto* part : arguments) instruction.arguments.push_back(part->at(k));
            if (row[kNode] == kIncrement) {
                result.push_back(increment(instruction));
                continue;
            }
            result.push_back(emit(std::move(instruction)));
        }
        return result;
    }

    // g(s + d) - g(s) from d, the slopes between, and the two values subtracted.
    int32_t increment(const Instruction& of) {
        const int32_t s = of.arguments.at(0), d = of.arguments.at(1);
        if (of.function == kRelu || of.function == kAbs) {
            Instruction move;
            move.op = kMove;
            move.function = of.function;
            move.symbol = of.symbol;
            move.arguments = {s, d};
            return emit(std::move(move));
        }
        const int32_t end = emit(kAdd, {s, d});
        const bool square = of.function == kPow && of.power == 2;
        const int32_t op = square ? (int32_t)kSquare : of.function, power = square ? 0 : of.power;
        const int32_t after = emit(op, {end}, power), before = emit(op, {s}, power);
        const int32_t gap = emit(kSub, {after, before});
        Instruction slope;
        slope.op = kQuotient;
        slope.power = of.power;
        slope.function = of.function;
        slope.arguments = {s, end};
        Instruction whole;
        whole.op = kIncrement;
        whole.symbol = of.symbol;
        whole.arguments = {emit(std::move(slope)), d, gap, end};
        return emit(std::move(whole));
    }

    const Graph& graph_;
    Code code_;
    std::vector<int32_t> variables_;             // the registers of the formula's variables
    std::vector<std::vector<int32_t>> places_;   // the registers of every node
};

}  // namespace

Code lowered(const Graph& graph, const Map* map) { return Lowering(graph, map).run(); }

}  // namespace certify
