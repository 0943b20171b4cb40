// What the OCaml modules of this folder, and Coq's module of floats, need of JavaScript.

//Provides: certify_big_of_int
function certify_big_of_int(n) { return BigInt(n); }
//Provides: certify_big_to_int
function certify_big_to_int(x) { return Number(BigInt.asIntN(32, x)); }
//Provides: certify_big_of_string
//Requires: caml_jsstring_of_string
function certify_big_of_string(s) {
  var text = caml_jsstring_of_string(s);
  return text.charAt(0) == "-" ? -BigInt(text.slice(1)) : BigInt(text);
}
//Provides: certify_big_add
function certify_big_add(x, y) { return x + y; }
//Provides: certify_big_sub
function certify_big_sub(x, y) { return x - y; }
//Provides: certify_big_mult
function certify_big_mult(x, y) { return x * y; }
//Provides: certify_big_minus
function certify_big_minus(x) { return -x; }
//Provides: certify_big_mod
function certify_big_mod(x, y) {
  var r = x % y; // of the sign of x; zarith's is never negative
  return r >= BigInt(0) ? r : y > BigInt(0) ? r + y : r - y;
}
//Provides: certify_big_div
//Requires: certify_big_mod
function certify_big_div(x, y) { return (x - certify_big_mod(x, y)) / y; }
//Provides: certify_big_shift_left
function certify_big_shift_left(x, n) { return x << BigInt(n); }
//Provides: certify_big_shift_right
function certify_big_shift_right(x, n) { return x >> BigInt(n); }
//Provides: certify_big_compare
function certify_big_compare(x, y) { return x < y ? -1 : x > y ? 1 : 0; }
//Provides: certify_big_and
function certify_big_and(x, y) { return x & y; }
//Provides: certify_big_or
function certify_big_or(x, y) { return x | y; }
//Provides: certify_uint63_wrapped
function certify_uint63_wrapped(x) { return BigInt.asUintN(63, x); }
//Provides: certify_big_to_float
function certify_big_to_float(x) { return Number(x); }
//Provides: certify_big_of_float
function certify_big_of_float(x) { return BigInt(x); }

//Provides: certify_float_view
var certify_float_view = new DataView(new ArrayBuffer(8));

//Provides: certify_next_up
//Requires: certify_float_view
function certify_next_up(x) {
  if (x !== x || x === Infinity) return x;
  if (x === 0) return Number.MIN_VALUE;
  var v = certify_float_view;
  v.setFloat64(0, x);
  var high = v.getInt32(0), low = v.getUint32(4);
  if (x > 0) {
    if (low === 0xffffffff) { v.setInt32(0, high + 1); v.setUint32(4, 0); }
    else v.setUint32(4, low + 1);
  } else {
    if (low === 0) { v.setInt32(0, high - 1); v.setUint32(4, 0xffffffff); }
    else v.setUint32(4, low - 1);
  }
  return v.getFloat64(0);
}

// the powers of 2 that are normal numbers
//Provides: certify_power
//Requires: certify_float_view
function certify_power(n) {
  certify_float_view.setInt32(0, (n + 1023) << 20);
  certify_float_view.setInt32(4, 0);
  return certify_float_view.getFloat64(0);
}

// x = m 2^e with 1/2 <= |m| < 1, both exact; e is 0 where there is no such m
//Provides: certify_parts
//Requires: certify_float_view, certify_power
function certify_parts(x) {
  if (x === 0 || x !== x || x === Infinity || x === -Infinity) return [x, 0];
  var v = certify_float_view, lifted = 0;
  v.setFloat64(0, x);
  if ((v.getInt32(0) & 0x7ff00000) === 0) { // subnormal
    lifted = 54;
    v.setFloat64(0, x * certify_power(lifted));
  }
  var high = v.getInt32(0), e = ((high >> 20) & 0x7ff) - 1022;
  v.setInt32(0, (high & 0x800fffff) | 0x3fe00000);
  return [v.getFloat64(0), e - lifted];
}
// Like C's, in place of those of the run-time system: exact, or rounded once.
//Provides: caml_frexp_float
//Requires: certify_parts
function caml_frexp_float(x) {
  var parts = certify_parts(x);
  return [0, parts[0], parts[1]];
}
//Provides: caml_ldexp_float
//Requires: certify_parts, certify_power
function caml_ldexp_float(x, n) {
  var parts = certify_parts(x), m = parts[0], e = parts[1] + n;
  if (m === 0 || !isFinite(m)) return x;
  if (e > 1024) return m > 0 ? Infinity : -Infinity;
  if (e >= -1021) return 2 * m * certify_power(e - 1);
  if (e < -1080) return m > 0 ? 0 : -0;
  return m * certify_power(-1000) * certify_power(e + 1000);
}

//Provides: certify_export
//Requires: caml_jsstring_of_string, caml_string_of_jsstring, caml_call_gen
function certify_export(f) {
  globalThis.certifyKernel = function (text) {
    return caml_jsstring_of_string(caml_call_gen(f, [caml_string_of_jsstring(text)]));
  };
  return 0;
}
