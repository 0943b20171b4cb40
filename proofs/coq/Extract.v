(** The kernel as an OCaml program.  Naturals become machine integers (they count nodes, depths and
    bytes), integers those of zarith, and primitive floats and integers those of Coq's own kernel,
    but for the two neighbours of a float, which are in prelude.ml, and comparisons, for which one of
    the machine's takes the place of three; judge.ml compares both at the start. *)
From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOCamlFloats ExtrOCamlInt63
  ExtrOcamlZBigInt ExtrOcamlNativeString.
From Certify Require Import Language Intervals Tree Subtrees Acceptance.
Extraction Language OCaml.
(* excluded middle over the reals occurs in proofs alone; these two are never run *)
Extract Constant ClassicalDedekindReals.sig_not_dec => "(fun _ -> assert false)".
Extract Constant ClassicalDedekindReals.sig_forall_dec => "(fun _ -> assert false)".
Extract Inlined Constant PrimFloat.next_up => "next_up".
Extract Inlined Constant PrimFloat.next_down => "next_down".
(* as ExtrOcamlNatInt has it, without OCaml's comparison of any two values *)
Extract Constant Nat.sub => "fun (n : int) m -> if n > m then n - m else 0".
Extract Inlined Constant PeanoNat.Nat.ltb => "(<)".
Extract Constant PeanoNat.Nat.max => "fun (n : int) m -> if n < m then m else n".
Extract Inlined Constant is_lt => "Float64.lt".
Extract Inlined Constant is_le => "Float64.le".
Extraction "build/extracted.ml" says needed usual prepare divided parts grown
  unfit_cells to_show course_for shown.
