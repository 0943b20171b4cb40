(** The smallest intervals around exact rationals that a comparison of fractions confirms. *)
From Coq Require Import Reals QArith Qreals List ZArith Lra Lia Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Certify Require Import Intervals Arithmetic Bounds.
Local Open Scope R_scope.

(** A binary64 number as a fraction. *)
Definition fraction (f : float) : option Q :=
  match F.toF f with
  | Fzero => Some 0%Q
  | Float s m e =>
    let z := if s then Z.neg m else Z.pos m in
    match e with
    | Z0 => Some (z # 1)
    | Zpos p => Some (z * Z.pow_pos 2 p # 1)
    | Zneg p => Some (z # Pos.pow 2 p)
    end
  | Basic.Fnan => None
  end%Q.

Lemma fraction_ok f q : fraction f = Some q -> finite f = true /\ toR f = Q2R q.
Proof.
  unfold fraction. intros H.
  assert (X : F.toX f = Xreal (Q2R q)).
  { unfold F.toX. destruct (F.toF f) as [| |s m e]; [discriminate| |].
    - inversion H. simpl. f_equal. unfold Q2R; simpl. field.
    - simpl. f_equal. unfold FtoR.
      assert (E : forall z, z = (if s then Z.neg m else Z.pos m) ->
        match e with
        | Z0 => Some (z # 1) | Zpos p => Some (z * Z.pow_pos 2 p # 1)
        | Zneg p => Some (z # Pos.pow 2 p)
        end%Q = Some q -> match e with
        | Z0 => IZR z | Zpos p => IZR (z * Z.pow_pos 2 p)
        | Zneg p => IZR z / IZR (Z.pow_pos 2 p)
        end = Q2R q).
      { intros z _ K. destruct e as [|p|p]; inversion K; unfold Q2R; simpl.
        - field.
        - field.
        - rewrite Pos2Z.inj_pow_pos. reflexivity. }
      destruct s; simpl in *; apply E; auto. }
  split.
  - rewrite finite_real, F.real_correct, X. reflexivity.
  - unfold toR, F.toR. rewrite X. reflexivity.
Qed.

(** The nearest number, or nearly: nothing depends on which one it is. *)
Definition near (q : Q) : float :=
  let n := Z.abs (Qnum q) in
  let d := Z.pos (Qden q) in
  let s := (64 + Z.log2 d - Z.log2 n)%Z in
  let z := (if Z.leb 0 s then n * 2 ^ s / d else n / (d * 2 ^ (- s)))%Z in
  let f := FloatOps.SF2Prim (SpecFloat.binary_normalize 53 1024 z (- s) false) in
  if Z.ltb (Qnum q) 0 then (- f)%float else f.

Definition at_least (f : float) (q : Q) : bool :=
  match fraction f with Some r => Qle_bool q r | None => false end.
Definition at_most (f : float) (q : Q) : bool :=
  match fraction f with Some r => Qle_bool r q | None => false end.

Lemma at_least_ok f q : at_least f q = true -> upper f (Q2R q).
Proof.
  unfold at_least. destruct (fraction f) as [r|] eqn:E; [|discriminate]. intros H.
  destruct (fraction_ok f r E) as [N V]. apply finite_upper; auto.
  rewrite V. apply Qle_Rle. now apply Qle_bool_iff.
Qed.
Lemma at_most_ok f q : at_most f q = true -> lower f (Q2R q).
Proof.
  unfold at_most. destruct (fraction f) as [r|] eqn:E; [|discriminate]. intros H.
  destruct (fraction_ok f r E) as [N V]. apply finite_lower; auto.
  rewrite V. apply Qle_Rle. now apply Qle_bool_iff.
Qed.

Definition enclose_near (f : float) (q : Q) : interval :=
  let l := if at_most f q then f else down f in
  let u := if at_least f q then f else up f in
  if at_most l q && at_least u q then Ends l u else unbounded.
(** Most numbers of a program are binary64, of which one comparison is enough. *)
Definition enclose (q : Q) : interval :=
  let f := near q in
  match fraction f with
  | Some r => if Qeq_bool r q then point f else enclose_near f q
  | None => unbounded
  end.

Lemma enclose_near_ok f q : contains (enclose_near f q) (Q2R q).
Proof.
  unfold enclose_near. destruct (_ && _) eqn:E; [|apply unbounded_ok].
  apply andb_prop in E; destruct E as [L U]. split; [now apply at_most_ok|now apply at_least_ok].
Qed.
Theorem enclose_ok q : contains (enclose q) (Q2R q).
Proof.
  unfold enclose. destruct (fraction (near q)) as [r|] eqn:E; [|apply unbounded_ok].
  destruct (Qeq_bool r q) eqn:Eq; [|apply enclose_near_ok].
  destruct (fraction_ok _ _ E) as [N V]. apply Qeq_bool_eq, Qeq_eqR in Eq. rewrite <- Eq, <- V.
  now apply point_ok.
Qed.
