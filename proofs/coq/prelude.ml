type float_comparison_ = Float64.float_comparison = FEq | FLt | FGt | FNotComparable
type float_class_ = Float64.float_class =
  PNormal | NNormal | PSubn | NSubn | PZero | NZero | PInf | NInf | NaN

(* The neighbours of a float: the next bit patterns, as those of one sign are in order.  The same as
   Float.succ and Float.pred of OCaml's library, with which main.ml compares them at the start. *)
let next_up (x : float) =
  if x > 0. then
    if x < infinity then Int64.float_of_bits (Int64.add (Int64.bits_of_float x) 1L) else x
  else if x < 0. then Int64.float_of_bits (Int64.sub (Int64.bits_of_float x) 1L)
  else if x = 0. then Int64.float_of_bits 1L
  else x
[@@inline]

let next_down (x : float) = -.next_up (-.x) [@@inline]
