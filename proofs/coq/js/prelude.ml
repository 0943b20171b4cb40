type float_comparison_ = Float64.float_comparison = FEq | FLt | FGt | FNotComparable
type float_class_ = Float64.float_class =
  PNormal | NNormal | PSubn | NSubn | PZero | NZero | PInf | NInf | NaN

(* The neighbours of a float: see stubs.js.  main.ml compares them with OCaml's at the start. *)
external next_up : float -> float = "certify_next_up"

let next_down (x : float) = -.next_up (-.x)
