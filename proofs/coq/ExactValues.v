(** Values of functions that are known to be rational, and rational numbers as reals. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Rays.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qminus : simpl never.
Local Arguments Q2R : simpl never.

Definition is_zero (q : Q) : bool := Qeq_bool q 0.

Fixpoint qpower (q : Q) (n : nat) : Q := match n with O => 1%Q | S n' => Qred (q * qpower q n') end.
(** [g q], where it is known to be rational. *)
Definition known_value (g : fn) (q : Q) : option Q :=
  match g with
  | Relu => Some (if Qle_bool q 0 then 0%Q else q)
  | Abs => Some (if Qle_bool q 0 then (- q)%Q else q)
  | Pow n => Some (qpower q n)
  | Recip => if is_zero q then None else Some (Qinv q)
  | Sin | Tanh | Atan | Sqrt => if is_zero q then Some 0%Q else None
  | Cos | Exp => if is_zero q then Some 1%Q else None
  | Log => if Qeq_bool q 1 then Some 0%Q else None
  end.

Lemma is_zero_ok q : is_zero q = true -> Q2R q = 0.
Proof. intros H. rewrite <- Q2R_zero. apply Qeq_eqR. now apply Qeq_bool_iff. Qed.
Lemma Q2R_red q : Q2R (Qred q) = Q2R q.
Proof. apply Qeq_eqR, Qred_correct. Qed.
Lemma Q2R_one : Q2R 1 = 1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_m1 : Q2R (-1) = -1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma qpower_ok q n : Q2R (qpower q n) = Q2R q ^ n.
Proof. induction n; cbn [qpower pow]; [apply Q2R_one|]. now rewrite Q2R_red, Q2R_mult, IHn. Qed.
Lemma Qle_bool_ok p q : if Qle_bool p q then Q2R p <= Q2R q else Q2R q < Q2R p.
Proof.
  destruct (Qle_bool p q) eqn:E.
  - apply Qle_Rle. now apply Qle_bool_iff.
  - apply Qlt_Rlt. apply Qnot_le_lt. intros H. apply Qle_bool_iff in H. congruence.
Qed.
Lemma known_value_ok g q k : known_value g q = Some k -> call g (Q2R q) = Some (Q2R k).
Proof.
  unfold call. intros H. destruct g; simpl in H |- *.
  - pose proof (Qle_bool_ok q 0) as L. rewrite Q2R_zero in L. destruct (Qle_bool q 0); inversion H; subst.
    + rewrite Q2R_zero, Rmax_right; auto.
    + rewrite Rmax_left; auto. lra.
  - pose proof (Qle_bool_ok q 0) as L. rewrite Q2R_zero in L. destruct (Qle_bool q 0); inversion H; subst.
    + rewrite Rabs_left1, Q2R_opp; auto.
    + rewrite Rabs_pos_eq; auto. lra.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), sin_0, Q2R_zero.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), cos_0, Q2R_one.
  - destruct (is_zero q) eqn:Z; inversion H; subst. rewrite (is_zero_ok q Z), Q2R_zero. f_equal.
    unfold tanh. rewrite sinh_0. unfold Rdiv. ring.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), exp_0, Q2R_one.
  - destruct (is_zero q) eqn:Z; inversion H; subst. now rewrite (is_zero_ok q Z), atan_0, Q2R_zero.
  - destruct (Qeq_bool q 1) eqn:Z; inversion H; subst. apply Qeq_bool_iff, Qeq_eqR in Z.
    rewrite Z, Q2R_one, Q2R_zero, ln_1. destruct (Rlt_dec 0 1); [auto|lra].
  - destruct (is_zero q) eqn:Z; inversion H; subst. rewrite (is_zero_ok q Z), Q2R_zero, sqrt_0.
    destruct (Rle_dec 0 0); [auto|lra].
  - destruct (is_zero q) eqn:Z; inversion H; subst. unfold is_zero in Z. apply Qeq_bool_neq in Z.
    rewrite Q2R_inv by auto. destruct (Req_EM_T (Q2R q) 0) as [E|E]; auto.
    elim Z. apply eqR_Qeq. now rewrite Q2R_zero.
  - inversion H. now rewrite qpower_ok.
Qed.
