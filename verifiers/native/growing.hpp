// A tree as it grows, and the boxes that wait in it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "search.hpp"

namespace certify {

namespace {

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

// While it lives a box is one of its halves.
class Half {
  public:
    Half(double* low, double* high, int variable, int side)
        : end_(side ? low[variable] : high[variable]), whole_(end_) {
        end_ = middle(low[variable], high[variable]);
    }
    ~Half() { end_ = whole_; }
    Half(const Half&) = delete;
    Half& operator=(const Half&) = delete;

  private:
    double& end_;
    const double whole_;
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

}  // namespace

}  // namespace certify
