// The Python module: arrays in, bytes and arrays out; searches run without the interpreter's lock.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "graph.hpp"
#include "paths.hpp"
#include "search.hpp"

namespace py = pybind11;
using namespace certify;

namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <class T>
std::vector<T> flat(const Array<T>& a) {
    return std::vector<T>(a.data(), a.data() + a.size());
}

struct Cancel {
    std::atomic<bool> flag{false};
};

py::array_t<double> points(const std::vector<double>& rows, int n) {
    py::array_t<double> result({(py::ssize_t)(rows.size() / n), (py::ssize_t)n});
    std::copy(rows.begin(), rows.end(), result.mutable_data());
    return result;
}

void check_ends(const Problem& p, const Array<double>& low, const Array<double>& high) {
    if (low.ndim() != 1 || high.ndim() != 1 || low.size() != p.variables() ||
        high.size() != p.variables())
        throw std::invalid_argument("one end point for each variable");
}

Options options_of(std::vector<int> degrees, double slack, int64_t boxes, double seconds,
                   bool stop_at_suspects, const py::object& scale, const Cancel* cancel) {
    Options options;
    for (int degree : degrees)
        if (degree < 0 || degree > 2) throw std::invalid_argument("degrees are 0, 1 or 2");
    options.degrees = std::move(degrees);
    options.slack = slack;
    options.boxes = boxes;
    options.seconds = seconds;
    options.stop_at_suspects = stop_at_suspects;
    if (!scale.is_none()) options.scale = flat(scale.cast<Array<double>>());
    if (cancel) options.cancel = &cancel->flag;
    return options;
}

Graph graph_of(const py::dict& arrays) {
    auto integers = [&](const char* key) { return flat(arrays[key].cast<Array<int32_t>>()); };
    Graph graph;
    graph.variables = arrays["variables"].cast<int32_t>();
    graph.nodes = integers("nodes");
    graph.arguments = integers("arguments");
    graph.numbers = flat(arrays["numbers"].cast<Array<double>>());
    graph.roots = integers("roots");
    graph.formula = integers("formula");
    return graph;
}

Map map_of(const py::dict& arrays) {
    auto numbers = [&](const char* key) { return flat(arrays[key].cast<Array<double>>()); };
    return {numbers("matrix"), numbers("centre"), numbers("limits"),
            flat(arrays["mixed"].cast<Array<char>>())};
}

std::unique_ptr<Problem> make_problem(const py::dict& graph, const std::string& engine, bool narrow,
                                      const py::object& map) {
    Map found;
    if (!map.is_none()) found = map_of(map.cast<py::dict>());
    Code code = lowered(graph_of(graph), map.is_none() ? nullptr : &found);
    return std::make_unique<Problem>(assembled(std::move(code), narrow), engine);
}

py::dict growth_dict(const Growth& g, int n) {
    py::dict d;
    d["tree"] = py::bytes(g.tree);
    d["boxes"] = g.boxes;
    d["leaves"] = g.leaves;
    d["open"] = g.open;
    d["deepest"] = g.deepest;
    d["closed_volume"] = g.closed_volume;
    d["work"] = g.work;
    d["stuck"] = g.stuck;
    d["stopped"] = g.stopped;
    d["suspects"] = points(g.suspects, n);
    return d;
}

}  // namespace

PYBIND11_MODULE(_native, m) {
    m.doc() = "Branch and bound with Taylor models, eight boxes at a time.";
    m.def("engines", &engines);

    py::class_<Cancel>(m, "Cancel")
        .def(py::init<>())
        .def("set", [](Cancel& c) { c.flag = true; })
        .def("is_set", [](const Cancel& c) { return c.flag.load(); });

    py::class_<Problem>(m, "Problem")
        .def(py::init(&make_problem), py::arg("graph"), py::arg("engine"),
             py::arg("narrow") = false, py::arg("map") = py::none())
        .def_property_readonly("engine",
                               [](const Problem& p) { return std::string(p.engine().name); })
        .def_property_readonly("memory",
                               [](const Problem& p) {
                                   return std::vector<int64_t>{(int64_t)kVector * p.program(0).size,
                                                               (int64_t)kVector * p.program(1).size,
                                                               (int64_t)kVector * p.program(2).size};
                               })
        .def("grow",
             [](const Problem& p, const Array<double>& low, const Array<double>& high,
                const py::bytes& tree, std::vector<int> degrees, double slack, int64_t boxes,
                double seconds, bool stop_at_suspects, const py::object& scale,
                const Cancel* cancel) {
                 check_ends(p, low, high);
                 const std::string bytes = tree;
                 const Options options = options_of(std::move(degrees), slack, boxes, seconds,
                                                    stop_at_suspects, scale, cancel);
                 Growth g;
                 {
                     py::gil_scoped_release unlocked;
                     g = grow(p, low.data(), high.data(), bytes, options);
                 }
                 return growth_dict(g, p.variables());
             })
        .def("follow",
             [](const Problem& p, const Array<double>& low, const Array<double>& high,
                const Array<double>& points, std::vector<int> degrees, double slack, int deepest,
                const py::object& scale) {
                 check_ends(p, low, high);
                 if (points.ndim() != 2 || points.shape(1) != p.variables())
                     throw std::invalid_argument("points have the shape (points, variables)");
                 const Options options =
                     options_of(std::move(degrees), slack, 0, 1e300, false, scale, nullptr);
                 Paths paths;
                 {
                     py::gil_scoped_release unlocked;
                     paths = follow(p, low.data(), high.data(), points.data(), points.shape(0),
                                    deepest, options);
                 }
                 return py::make_tuple(paths.work, paths.nodes, paths.capped);
             })
        .def("evaluate", [](const Problem& p, const Array<double>& low, const Array<double>& high,
                            int degree, int reg) {
            if (low.ndim() != 2 || high.ndim() != 2 || low.shape(0) != p.variables() ||
                high.shape(0) != p.variables() || low.shape(1) != high.shape(1))
                throw std::invalid_argument("boxes have the shape (variables, boxes)");
            if (degree < 0 || degree > 2) throw std::invalid_argument("degrees are 0, 1 or 2");
            const py::ssize_t count = low.shape(1);
            const Program& program = p.program(degree);
            const py::ssize_t m = program.variables + program.symbols;
            const py::ssize_t width = kModelHead + m + m * (m + 1) / 2;
            py::array_t<double> least({count, (py::ssize_t)program.atoms});
            py::array_t<double> largest({count, (py::ssize_t)program.atoms});
            py::array_t<double> model({reg < 0 ? (py::ssize_t)0 : count, width});
            if (reg >= p.registers()) throw std::invalid_argument("there is no such register");
            evaluate(p, degree, count, low.data(), high.data(), least.mutable_data(),
                     largest.mutable_data(), reg, model.mutable_data());
            return py::make_tuple(least, largest, model);
        });
}
