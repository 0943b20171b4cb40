type float_comparison_ = Float64.float_comparison = FEq | FLt | FGt | FNotComparable
type float_class_ = Float64.float_class =
  PNormal | NNormal | PSubn | NSubn | PZero | NZero | PInf | NInf | NaN
