(* What the extracted kernel and text.ml use of zarith's module of this name, over JavaScript's own
   integers of any size: see stubs.js. *)
type big_int

external big_int_of_int : int -> big_int = "certify_big_of_int"
external int_of_big_int : big_int -> int = "certify_big_to_int"
external big_int_of_string : string -> big_int = "certify_big_of_string"
external add_big_int : big_int -> big_int -> big_int = "certify_big_add"
external sub_big_int : big_int -> big_int -> big_int = "certify_big_sub"
external mult_big_int : big_int -> big_int -> big_int = "certify_big_mult"
external minus_big_int : big_int -> big_int = "certify_big_minus"
external div_big_int : big_int -> big_int -> big_int = "certify_big_div"
external mod_big_int : big_int -> big_int -> big_int = "certify_big_mod"
external shift_left_big_int : big_int -> int -> big_int = "certify_big_shift_left"
external shift_right_big_int : big_int -> int -> big_int = "certify_big_shift_right"
external compare_big_int : big_int -> big_int -> int = "certify_big_compare"

let zero_big_int = big_int_of_int 0
let unit_big_int = big_int_of_int 1
let sign_big_int x = compare_big_int x zero_big_int
let eq_big_int x y = compare_big_int x y = 0
let le_big_int x y = compare_big_int x y <= 0
let lt_big_int x y = compare_big_int x y < 0
let ge_big_int x y = compare_big_int x y >= 0
let gt_big_int x y = compare_big_int x y > 0
let min_big_int x y = if le_big_int x y then x else y
let max_big_int x y = if le_big_int x y then y else x
let abs_big_int x = if sign_big_int x < 0 then minus_big_int x else x
let succ_big_int x = add_big_int x unit_big_int
let pred_big_int x = sub_big_int x unit_big_int
let add_int_big_int n x = add_big_int (big_int_of_int n) x
let mult_int_big_int n x = mult_big_int (big_int_of_int n) x
let quomod_big_int x y = (div_big_int x y, mod_big_int x y)
