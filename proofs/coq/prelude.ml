type float_comparison_ = Float64.float_comparison = FEq | FLt | FGt | FNotComparable
type float_class_ = Float64.float_class =
  PNormal | NNormal | PSubn | NSubn | PZero | NZero | PInf | NInf | NaN

(* The neighbours of a float.  For x of size 2^e (1 + f), with the unit 2^(e - 52) of its last bit, what
   is added is rounded to something above half of that unit and to no more than it, so that the sum is
   rounded to the neighbour (S. Rump et al., Computing predecessor and successor in rounding to nearest,
   2009); where it could underflow, the neighbour is the next bit pattern, as those of one sign are in
   order.  The same as Float.succ and Float.pred of OCaml's library, with which judge.ml compares them
   at the start. *)
let next_up (x : float) =
  let size = abs_float x in
  if size >= 0x1p-969 && size < infinity then x +. size *. 0x1.0000000000001p-53
  else if x > 0. then
    if x < infinity then Int64.float_of_bits (Int64.add (Int64.bits_of_float x) 1L) else x
  else if x < 0. then Int64.float_of_bits (Int64.sub (Int64.bits_of_float x) 1L)
  else if x = 0. then 0x1p-1074
  else x
[@@inline]

let next_down (x : float) = -.next_up (-.x) [@@inline]
