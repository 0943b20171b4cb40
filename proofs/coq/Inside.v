(** What a theorem about one certificate is made of, inside Coq: see certify/io/coq_file.py.

    Trees are written as machine integers with up to seven bytes in each, the first one lowest, and
    their number above them.  That these are the bytes of a tree need not be believed: [check_ok] holds
    for every task. *)
From Coq Require Import List ZArith Uint63 Bool.
From Certify Require Import Language Tree Statements Acceptance.
Import ListNotations.

Definition byte_of (w : int) : nat := Z.to_nat (to_Z (w land 255)).
Fixpoint bytes_of (count : nat) (w : int) : list nat :=
  match count with O => [] | S k => byte_of w :: bytes_of k (w >> 8) end.
Definition unpacked (words : list int) : list nat :=
  flat_map (fun w => bytes_of (byte_of (w >> 56)) w) words.

(** A digit for each node of a program: 1 if its error gets a name, plus 2 if the formula is tried. *)
Definition flags_of (digits : list nat) : list (bool * bool) :=
  map (fun d => (Nat.odd d, Nat.leb 2 d)) digits.

(** ** Whole claims *)

(** The task [t] proves obligation number [i] of the statement [s], with as many names for errors. *)
Definition closes (differences : bool) (s : statement) (i : nat) (nt : option nat * task) : bool :=
  let (names, t) := nt in
  match needed differences s with
  | Some l =>
    match nth_error l i with
    | Some o => check o (Task (usual names o) (at_root t) (depth t) (deeper t) (tree t))
    | None => false
    end
  | None => false
  end.
Definition counts (differences : bool) (s : statement) (n : nat) : bool :=
  match needed differences s with Some l => Nat.eqb (length l) n | None => false end.
Fixpoint all_close (differences : bool) (s : statement) (i : nat) (ts : list (option nat * task)) : Prop :=
  match ts with [] => True | t :: ts' => closes differences s i t = true /\ all_close differences s (S i) ts' end.

(** Every cell is shown, with the hops and the degree of its hint; halved [deeper] times at most. *)
Definition cells_close (deeper names : nat) (s : statement) (hints : list (nat * nat)) : bool :=
  let o := course_for names s in
  Nat.eqb (length hints) (length (to_show s)) &&
  forallb (fun ch => shown o deeper (fst (snd ch)) (snd (snd ch)) (fst ch)) (combine (to_show s) hints).
Lemma cells_close_ok deeper names s hints : cells_close deeper names s hints = true -> all_shown names s.
Proof.
  unfold cells_close, all_shown. intros H. apply andb_prop in H. destruct H as [L H]. apply PeanoNat.Nat.eqb_eq in L.
  rewrite forallb_forall in H. intros c I. apply In_nth_error in I. destruct I as [i E].
  destruct (nth_error hints i) as [[hops degree]|] eqn:G.
  2:{ apply nth_error_None in G. rewrite L in G. apply nth_error_None in G. congruence. }
  exists deeper, hops, degree. apply (H (c, (hops, degree))). clear H L. revert hints i E G.
  induction (to_show s) as [|a l IH]; intros [|b m] [|i] E G; simpl in *; try discriminate.
  - inversion E; inversion G; subst. now left.
  - right. now apply (IH m i).
Qed.

Theorem claim_is_true d deeper names s ts hints : counts d s (length ts) = true -> all_close d s 0 ts ->
  cells_close deeper names s hints = true -> true_of s.
Proof.
  unfold counts. destruct (needed d s) as [l|] eqn:N; [|discriminate]. intros L H C. apply PeanoNat.Nat.eqb_eq in L.
  apply (true_if_hold d names s l N); [|now apply (cells_close_ok deeper names s hints)]. intros o I. apply In_nth_error in I. destruct I as [i E].
  assert (G : forall ts k, all_close d s k ts -> forall j, j < length ts -> exists t, closes d s (k + j) t = true).
  { clear. induction ts as [|t ts IH]; intros k H [|j] J; simpl in J; try (now apply PeanoNat.Nat.nlt_0_r in J).
    - exists t. rewrite PeanoNat.Nat.add_0_r. apply H.
    - rewrite PeanoNat.Nat.add_succ_r. apply (IH (S k)); [apply H|]. now apply PeanoNat.Nat.succ_lt_mono. }
  destruct (G ts 0 H i) as [t K].
  { rewrite <- L. apply nth_error_Some. now rewrite E. }
  destruct t as [n t]. unfold closes in K. rewrite N in K. simpl in K. rewrite E in K. now apply check_ok in K.
Qed.
