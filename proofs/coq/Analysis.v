(** Mean values and Taylor's formula for the functions of the language. *)
From Coq Require Import Reals Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From Certify Require Import Language.
Local Open Scope R_scope.

Definition between (u v x : R) : Prop := Rmin u v <= x <= Rmax u v.

Lemma between_left u v : between u v u.
Proof. unfold between, Rmin, Rmax; destruct Rle_dec; lra. Qed.
Lemma between_right u v : between u v v.
Proof. unfold between, Rmin, Rmax; destruct Rle_dec; lra. Qed.

(** * tanh through exp *)

Definition tanh_exp (x : R) : R := 1 - 2 / (exp (2 * x) + 1).

Lemma tanh_exp_eq x : tanh x = tanh_exp x.
Proof.
  unfold tanh_exp, tanh, sinh, cosh.
  replace (2 * x) with (x + x) by ring. rewrite exp_plus, exp_Ropp.
  pose proof (exp_pos x). field. split; nra.
Qed.

Lemma is_derive_tanh x : is_derive tanh x (1 - tanh x * tanh x).
Proof.
  apply (is_derive_ext tanh_exp); [intros; symmetry; apply tanh_exp_eq|].
  rewrite tanh_exp_eq. unfold tanh_exp. pose proof (exp_pos (2 * x)).
  auto_derive; [lra|]. field. lra.
Qed.

(** * Derivatives *)

Definition smooth (g : fn) : bool := match g with Relu | Abs => false | _ => true end.

Lemma slope_correct g : smooth g = true ->
  forall t x, has_slope g x -> is_derive (value_of g) x (slope_of t g x).
Proof.
  destruct g; simpl; intros S t x D; try discriminate.
  - apply is_derive_sin.
  - apply is_derive_cos.
  - apply is_derive_tanh.
  - apply is_derive_exp.
  - replace (x * x) with (x ^ 2) by ring.
    apply is_derive_Reals, derivable_pt_lim_atan.
  - apply is_derive_ln; exact D.
  - apply is_derive_Reals. now apply derivable_pt_lim_sqrt.
  - evar_last; [apply (is_derive_inv (fun y => y)); [apply is_derive_id|exact D]|].
    unfold one; simpl. field; exact D.
  - evar_last; [apply (is_derive_pow (fun y => y) n x 1), (is_derive_id (K := R_AbsRing))|].
    simpl. ring.
Qed.

Lemma bend_correct g : smooth g = true ->
  forall t x, has_bend g x -> is_derive (slope_of t g) x (bend_of g x).
Proof.
  destruct g; simpl; intros S t x D; try discriminate.
  - apply is_derive_cos.
  - apply (is_derive_opp sin). apply is_derive_sin.
  - evar_last.
    + apply (is_derive_minus (V := R_NormedModule) (fun _ => 1) (fun y => tanh y * tanh y)).
      * apply is_derive_const.
      * apply (is_derive_mult (K := R_AbsRing) tanh tanh); try apply is_derive_tanh.
        exact Rmult_comm.
    + unfold minus, plus, mult, opp, zero; simpl. ring.
  - apply is_derive_exp.
  - assert (1 + x * x <> 0) by nra. evar_last.
    + apply (is_derive_inv (fun y => 1 + y * y) x (2 * x)); auto. auto_derive; auto; ring.
    + simpl. field; auto.
  - evar_last; [apply (is_derive_inv (fun y => y)); [apply is_derive_id|lra]|].
    unfold one; simpl. field; lra.
  - pose proof (sqrt_lt_R0 x D). evar_last.
    + apply (is_derive_inv (fun y => 2 * sqrt y) x (/ sqrt x)); [|lra].
      evar_last; [apply (is_derive_scal sqrt), is_derive_Reals, derivable_pt_lim_sqrt, D|].
      simpl. field; lra.
    + simpl. field; lra.
  - evar_last.
    + apply (is_derive_opp (fun y => / y * / y)).
      apply (is_derive_mult (K := R_AbsRing) Rinv Rinv); [..|exact Rmult_comm];
        apply (is_derive_inv (fun y => y)); auto; apply (is_derive_id (K := R_AbsRing)).
    + unfold opp, plus, mult, one; simpl. field; exact D.
  - evar_last.
    + apply (is_derive_scal (fun y => y ^ pred n)).
      apply (is_derive_pow (fun y => y) (pred n) x 1), (is_derive_id (K := R_AbsRing)).
    + simpl. ring.
Qed.

(** * Mean value and Taylor's formula on segments *)

Lemma mean_value_smooth (f f' : R -> R) u v :
  (forall x, between u v x -> is_derive f x (f' x)) ->
  exists xi, between u v xi /\ f v - f u = f' xi * (v - u).
Proof.
  intros H. destruct (MVT_gen f u v f') as [c [Hc E]].
  - intros x Hx. apply H. unfold between; lra.
  - intros x Hx. apply continuity_pt_filterlim.
    apply (ex_derive_continuous f x). exists (f' x). now apply H.
  - exists c; auto.
Qed.

Lemma taylor_smooth (f f' f'' : R -> R) u v :
  (forall x, between u v x -> is_derive f x (f' x)) ->
  (forall x, between u v x -> is_derive f' x (f'' x)) ->
  exists xi, between u v xi /\
    f v = f u + f' u * (v - u) + f'' xi / 2 * ((v - u) * (v - u)).
Proof.
  intros H1 H2. destruct (Req_dec u v) as [->|N].
  { exists v. split; [apply between_left|field]. }
  set (K := (f v - f u - f' u * (v - u)) / ((v - u) * (v - u))).
  set (g := fun t => f t + f' t * (v - t) + K * ((v - t) * (v - t))).
  set (dg := fun t => f'' t * (v - t) - 2 * K * (v - t)).
  assert (D : forall t, between u v t -> derivable_pt_lim g t (dg t)).
  { intros t B. apply is_derive_Reals. unfold g, dg.
    replace (f'' t * (v - t) - 2 * K * (v - t)) with
      ((f' t + (f'' t * (v - t) + f' t * (-1))) + K * ((-1) * (v - t) + (v - t) * (-1))) by ring.
    assert (V : is_derive (fun t => v - t) t (-1)) by (auto_derive; auto; ring).
    apply (is_derive_plus (V := R_NormedModule));
      [apply (is_derive_plus (V := R_NormedModule))|].
    - now apply H1.
    - apply (is_derive_mult (K := R_AbsRing) f' (fun t => v - t) t (f'' t) (-1)); auto.
      exact Rmult_comm.
    - apply (is_derive_scal (fun t => (v - t) * (v - t)) t K).
      apply (is_derive_mult (K := R_AbsRing) (fun t => v - t) (fun t => v - t) t (-1) (-1)); auto.
      exact Rmult_comm. }
  assert (G : g u = g v) by (unfold g, K; field; lra).
  assert (Z : forall c, v - c <> 0 -> dg c = 0 ->
    f v = f u + f' u * (v - u) + f'' c / 2 * ((v - u) * (v - u))).
  { intros c B E. unfold dg in E. assert (E' : (f'' c - 2 * K) * (v - c) = 0) by lra.
    apply Rmult_integral in E'. destruct E' as [E'|E']; [|contradiction].
    replace (f'' c) with (2 * K) by lra. unfold K. field. lra. }
  assert (C : forall a b, a < b -> between u v a -> between u v b -> g a = g b ->
    exists c, a < c < b /\ dg c = 0).
  { intros a b L A B E. destruct (MVT_cor2 g dg a b L) as [c [Ec Bc]].
    - intros c Hc. apply D. unfold between in *; lra.
    - exists c. split; auto. assert (Q : dg c * (b - a) = 0) by lra.
      apply Rmult_integral in Q. destruct Q; lra. }
  pose proof (between_left u v) as Bu. pose proof (between_right u v) as Bv.
  destruct (Rtotal_order u v) as [L|[E|L]]; [|contradiction|].
  - destruct (C u v L Bu Bv G) as [c [B E]]. exists c.
    split; [unfold between in *; lra|]. apply Z; auto; lra.
  - destruct (C v u L Bv Bu (eq_sym G)) as [c [B E]]. exists c.
    split; [unfold between in *; lra|]. apply Z; auto; lra.
Qed.

(** Off the kink, on one side of it, both kinks are linear. *)
Lemma same_side u v : (forall x, between u v x -> x <> 0) -> 0 < u /\ 0 < v \/ u < 0 /\ v < 0.
Proof.
  intros H. unfold between in H.
  destruct (Rlt_dec 0 u) as [U|U], (Rlt_dec 0 v) as [V|V]; [auto| | |].
  - exfalso. apply (H 0); auto. unfold Rmin, Rmax; destruct Rle_dec; lra.
  - exfalso. apply (H 0); auto. unfold Rmin, Rmax; destruct Rle_dec; lra.
  - right. split; apply Rnot_le_lt; intros L; (apply (H 0); [|auto]);
      unfold Rmin, Rmax; destruct Rle_dec; lra.
Qed.

Lemma chord_kink g : smooth g = false -> forall u v, exists t xi,
  0 <= t <= 1 /\ between u v xi /\ value_of g v - value_of g u = slope_of t g xi * (v - u).
Proof.
  assert (K : forall u v, exists t xi, 0 <= t <= 1 /\ between u v xi /\
    Rmax v 0 - Rmax u 0 = slope_of t Relu xi * (v - u)).
  { intros u v. destruct (Rle_dec 0 u) as [U|U], (Rle_dec 0 v) as [V|V].
    - exists 1, u. repeat split; try lra; [apply between_left..|].
      rewrite !Rmax_left by lra. simpl.
      destruct Rlt_dec; [lra|]. destruct Rlt_dec; lra.
    - exists (u / (u - v)), 0. split; [|split].
      + split; [apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]|].
        apply Rmult_le_reg_r with (u - v); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
      + unfold between, Rmin, Rmax; destruct Rle_dec; lra.
      + rewrite (Rmax_left u), (Rmax_right v) by lra. simpl.
        destruct Rlt_dec; [lra|]. field; lra.
    - exists (v / (v - u)), 0. split; [|split].
      + split; [apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]|].
        apply Rmult_le_reg_r with (v - u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
      + unfold between, Rmin, Rmax; destruct Rle_dec; lra.
      + rewrite (Rmax_right u), (Rmax_left v) by lra. simpl.
        destruct Rlt_dec; [lra|]. field; lra.
    - exists 0, u. repeat split; try lra; [apply between_left..|].
      rewrite !Rmax_right by lra. simpl. destruct Rlt_dec; [lra|]. destruct Rlt_dec; lra. }
  intros S u v. destruct (K u v) as [t [xi [T [B E]]]].
  destruct g; try discriminate; exists t, xi; repeat split; auto; try apply T; try apply B.
  - assert (A : forall x, Rabs x = 2 * Rmax x 0 - x)
      by (intros; unfold Rabs, Rmax; destruct Rcase_abs, Rle_dec; lra).
    simpl in *. rewrite !A. nra.
Qed.

Theorem mean_value g u v : (forall x, between u v x -> has_slope g x) -> exists t xi,
  0 <= t <= 1 /\ between u v xi /\ value_of g v - value_of g u = slope_of t g xi * (v - u).
Proof.
  intros H. destruct (smooth g) eqn:S; [|now apply chord_kink].
  destruct (mean_value_smooth (value_of g) (slope_of 0 g) u v) as [xi [B E]].
  - intros x B. apply slope_correct; auto.
  - exists 0, xi. repeat split; auto; try lra; apply B.
Qed.

Lemma has_bend_slope g x : has_bend g x -> has_slope g x.
Proof. destruct g; simpl; auto. Qed.
Lemma has_slope_value g x : has_slope g x -> has_value g x.
Proof. destruct g; simpl; auto; lra. Qed.

Theorem taylor t g u v : (forall x, between u v x -> has_bend g x) ->
  exists xi, between u v xi /\ value_of g v =
    value_of g u + slope_of t g u * (v - u) + bend_of g xi / 2 * ((v - u) * (v - u)).
Proof.
  intros H. destruct (smooth g) eqn:S.
  - apply taylor_smooth; intros x B.
    + apply slope_correct, has_bend_slope; auto.
    + apply bend_correct; auto.
  - exists u. split; [apply between_left|].
    assert (Q : 0 < u /\ 0 < v \/ u < 0 /\ v < 0)
      by (apply same_side; intros x B; specialize (H x B); destruct g; auto; discriminate).
    destruct g; try discriminate; simpl; destruct (Rlt_dec 0 u), (Rlt_dec u 0); try lra.
    + rewrite !Rmax_left; lra.
    + rewrite !Rmax_right; lra.
    + rewrite !Rabs_pos_eq; lra.
    + rewrite !Rabs_left; lra.
Qed.
