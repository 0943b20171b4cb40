(* Coq's integers modulo 2^63, over JavaScript's integers of any size: those functions of Coq's own
   module that the extracted kernel and Coq's module of floats use. *)
type t = Big_int_Z.big_int

external wrapped : t -> t = "certify_uint63_wrapped"
external to_float : t -> float = "certify_big_to_float"
external of_float : float -> t = "certify_big_of_float"
external l_and : t -> t -> t = "certify_big_and"
external l_or : t -> t -> t = "certify_big_or"

open Big_int_Z

let zero = zero_big_int
let one = unit_big_int
let of_int n = wrapped (big_int_of_int n)
let add x y = wrapped (add_big_int x y)
let sub x y = wrapped (sub_big_int x y)
let mul x y = wrapped (mult_big_int x y)
let bits = big_int_of_int 63
let l_sl x y = if lt_big_int y bits then wrapped (shift_left_big_int x (int_of_big_int y)) else zero
let l_sr x y = if lt_big_int y bits then shift_right_big_int x (int_of_big_int y) else zero
let equal = eq_big_int
let lt = lt_big_int
let le = le_big_int
let compare = compare_big_int
let to_int_min x limit = if lt_big_int x (big_int_of_int limit) then int_of_big_int x else limit
