(** The kernel as an OCaml program.  Naturals become machine integers (they count nodes, depths and
    bytes), integers those of zarith, and primitive floats and integers those of Coq's own kernel,
    but for the two neighbours of a float, which are in OCaml's library. *)
From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlNatInt ExtrOCamlFloats ExtrOCamlInt63
  ExtrOcamlZBigInt.
From Certify Require Import Language Tree.
Extraction Language OCaml.
(* excluded middle over the reals occurs in proofs alone; these two are never run *)
Extract Constant ClassicalDedekindReals.sig_not_dec => "(fun _ -> assert false)".
Extract Constant ClassicalDedekindReals.sig_forall_dec => "(fun _ -> assert false)".
Extract Inlined Constant PrimFloat.next_up => "Stdlib.Float.succ".
Extract Inlined Constant PrimFloat.next_down => "Stdlib.Float.pred".
Extraction "build/extracted.ml" check.
