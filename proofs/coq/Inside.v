(** What a theorem about one certificate is made of, inside Coq: see certify/io/coq_file.py.

    Trees are written as machine integers with up to seven bytes in each, the first one lowest, and
    their number above them.  That these are the bytes of a tree need not be believed: [check_ok] holds
    for every task. *)
From Coq Require Import List ZArith Uint63.
From Certify Require Import Language Tree.
Import ListNotations.

Definition byte_of (w : int) : nat := Z.to_nat (to_Z (w land 255)).
Fixpoint bytes_of (count : nat) (w : int) : list nat :=
  match count with O => [] | S k => byte_of w :: bytes_of k (w >> 8) end.
Definition unpacked (words : list int) : list nat :=
  flat_map (fun w => bytes_of (byte_of (w >> 56)) w) words.

(** A digit for each node of a program: 1 if its error gets a name, plus 2 if the formula is tried. *)
Definition flags_of (digits : list nat) : list (bool * bool) :=
  map (fun d => (Nat.odd d, Nat.leb 2 d)) digits.
