(** Programs without jumps are continuous where they are defined. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Compact Scalars Rays.
Import ListNotations.
Local Open Scope R_scope.

Definition continuous_operation (o : operation) : bool :=
  match o with OSelect _ _ _ => false | _ => settled o end.

(** [F] is continuous at [x], in comparison with other points where it is defined. *)
Definition continuous_at (F : list R -> scalar) (x : list R) : Prop :=
  forall v, F x = Some v -> forall eps, 0 < eps -> exists d, 0 < d /\
    forall y u, close d x y -> F y = Some u -> Rabs (u - v) < eps.
Definition continuous1 (f : R -> scalar) : Prop :=
  forall a c, f a = Some c -> forall eps, 0 < eps -> exists d, 0 < d /\
    forall a' c', Rabs (a' - a) < d -> f a' = Some c' -> Rabs (c' - c) < eps.
Definition continuous2 (f : R -> R -> scalar) : Prop :=
  forall a b c, f a b = Some c -> forall eps, 0 < eps -> exists d, 0 < d /\
    forall a' b' c', Rabs (a' - a) < d -> Rabs (b' - b) < d -> f a' b' = Some c' -> Rabs (c' - c) < eps.

Lemma continuous_lift1 f F x : continuous1 f -> continuous_at F x -> continuous_at (fun y => lift1 f (F y)) x.
Proof.
  intros Cf CF v V eps E. destruct (lift1_some _ _ _ V) as [a [A Fa]].
  destruct (Cf a v Fa eps E) as [d [D H]]. destruct (CF a A d D) as [e [E' K]].
  exists e. split; auto. intros y u C U. destruct (lift1_some _ _ _ U) as [b [B Fb]]. eauto.
Qed.
Lemma continuous_lift2 f F G x : continuous2 f -> continuous_at F x -> continuous_at G x ->
  continuous_at (fun y => lift2 f (F y) (G y)) x.
Proof.
  intros Cf CF CG v V eps E. destruct (lift2_some _ _ _ _ V) as [a [b [A [B Fab]]]].
  destruct (Cf a b v Fab eps E) as [d [D H]]. destruct (CF a A d D) as [e1 [E1 K1]].
  destruct (CG b B d D) as [e2 [E2 K2]]. exists (Rmin e1 e2). split; [now apply Rmin_glb_lt|].
  intros y u C U. destruct (lift2_some _ _ _ _ U) as [a' [b' [A' [B' F']]]].
  apply (H a' b' u); auto.
  - apply (K1 y); auto. eapply close_more; [apply Rmin_l|exact C].
  - apply (K2 y); auto. eapply close_more; [apply Rmin_r|exact C].
Qed.

Lemma continuity_near f a : continuity_pt f a -> forall eps, 0 < eps -> exists d, 0 < d /\
  forall b, Rabs (b - a) < d -> Rabs (f b - f a) < eps.
Proof.
  intros C eps E. destruct (C eps E) as [d [P Q]]. exists d. split; auto. intros b B.
  destruct (Req_dec b a) as [->|N]; [now rewrite Rminus_diag_eq, Rabs_R0|].
  apply Q. split; [split; auto; exact I|exact B].
Qed.
Lemma continuous_call g : continuous1 (call g).
Proof.
  intros a c H. unfold call in *. destruct (has_value_dec g a) as [Hv|]; [|discriminate]. inversion H; subst c.
  assert (C : continuity_pt (value_of g) a \/ g = Relu).
  { destruct g; simpl in *; try (now right); left.
    - apply Rcontinuity_abs.
    - apply continuity_sin.
    - apply continuity_cos.
    - apply continuity_pt_div; [apply derivable_continuous_pt, derivable_pt_sinh|
        apply derivable_continuous_pt, derivable_pt_cosh|].
      unfold cosh. pose proof (exp_pos a). pose proof (exp_pos (- a)). lra.
    - apply derivable_continuous_pt, derivable_pt_exp.
    - apply derivable_continuous_pt, derivable_pt_atan.
    - apply derivable_continuous_pt. exists (/ a). now apply derivable_pt_lim_ln.
    - now apply continuity_pt_sqrt.
    - apply continuity_pt_inv; [apply derivable_continuous_pt, derivable_pt_id|exact Hv].
    - apply derivable_continuous_pt, derivable_pt_pow. }
  intros eps E. destruct C as [C| ->].
  - destruct (continuity_near _ _ C eps E) as [d [D K]]. exists d. split; auto. intros b c' B Hc.
    destruct (has_value_dec g b); inversion Hc. auto.
  - exists eps. split; auto. intros b c' B Hc. simpl in Hc. inversion Hc; subst c'. simpl.
    unfold Rmax, Rabs in *. repeat destruct Rle_dec; repeat destruct Rcase_abs; lra.
Qed.
Lemma continuous_add : continuous2 (fun a b => Some (a + b)).
Proof.
  intros a b c H eps E. inversion H; subst. exists (eps / 2). split; [lra|]. intros a' b' c' A B C.
  inversion C; subst. apply Rabs_def2 in A. apply Rabs_def2 in B. apply Rabs_def1; lra.
Qed.
Lemma continuous_mul : continuous2 (fun a b => Some (a * b)).
Proof.
  intros a b c H eps E. inversion H; subst.
  set (k := Rabs a + Rabs b + 1). assert (K : 0 < k) by (unfold k; pose proof (Rabs_pos a); pose proof (Rabs_pos b); lra).
  exists (Rmin 1 (eps / k)). split; [apply Rmin_glb_lt; [lra|now apply Rdiv_lt_0_compat]|].
  intros a' b' c' A B C. inversion C; subst. pose proof (Rmin_l 1 (eps / k)). pose proof (Rmin_r 1 (eps / k)).
  set (d := Rmin 1 (eps / k)) in *.
  replace (a' * b' - a * b) with ((a' - a) * (b' - b) + (a' - a) * b + a * (b' - b)) by ring.
  assert (D : d * k <= eps).
  { apply (Rmult_le_compat_r k) in H1; [|lra]. unfold Rdiv in H1. rewrite Rmult_assoc, Rinv_l in H1; lra. }
  eapply Rle_lt_trans; [apply Rabs_triang|]. eapply Rle_lt_trans; [apply Rplus_le_compat_r, Rabs_triang|].
  rewrite !Rabs_mult. pose proof (Rabs_pos (a' - a)). pose proof (Rabs_pos (b' - b)).
  pose proof (Rabs_pos a). pose proof (Rabs_pos b). unfold k in D.
  assert (Rabs (a' - a) * Rabs (b' - b) <= Rabs (a' - a) * 1) by (apply Rmult_le_compat_l; lra).
  assert (Rabs (a' - a) * Rabs b <= d * Rabs b) by (apply Rmult_le_compat_r; lra).
  assert (Rabs a * Rabs (b' - b) <= Rabs a * d) by (apply Rmult_le_compat_l; lra).
  lra.
Qed.
Lemma continuous_max : continuous2 (fun a b => Some (Rmax a b)).
Proof.
  intros a b c H eps E. inversion H; subst. exists eps. split; auto. intros a' b' c' A B C.
  inversion C; subst. unfold Rmax, Rabs in *. repeat destruct Rle_dec; repeat destruct Rcase_abs; lra.
Qed.
Lemma continuous_increment g : continuous2 (increment g).
Proof.
  intros a b c H eps E. unfold increment in *. destruct (lift2_some _ _ _ _ H) as [p [q [P [Q Pq]]]].
  inversion Pq; subst c. destruct (continuous_call g a p P (eps / 2)) as [d [D K]]; [lra|].
  destruct (continuous_call g (a + b) q Q (eps / 2)) as [e [E' L]]; [lra|].
  exists (Rmin d (e / 2)). split; [apply Rmin_glb_lt; lra|]. intros a' b' c' A B C.
  pose proof (Rmin_l d (e / 2)). pose proof (Rmin_r d (e / 2)).
  destruct (lift2_some _ _ _ _ C) as [p' [q' [P' [Q' Pq']]]]. inversion Pq'; subst c'.
  assert (Rabs (p' - p) < eps / 2) as X by (apply (K a'); auto; lra).
  assert (Rabs (q' - q) < eps / 2) as Y.
  { apply (L (a' + b')); auto. apply Rabs_def2 in A. apply Rabs_def2 in B. apply Rabs_def1; lra. }
  apply Rabs_def2 in X. apply Rabs_def2 in Y. apply Rabs_def1; lra.
Qed.
Lemma continuous_variable i x : continuous_at (fun y => nth_error y i) x.
Proof.
  intros v V eps E. exists eps. split; auto. intros y u C U. revert i V U.
  induction C as [|a b x y H C IH]; intros [|i] V U; simpl in *; try discriminate; eauto.
  inversion V; inversion U; subst. now rewrite Rabs_minus_sym.
Qed.
Lemma continuous_dot row : forall args (F : nat -> list R -> scalar) bias x,
  (forall j, In j args -> continuous_at (F j) x) ->
  continuous_at (fun y => dot row (map (fun j => F j y) args) bias) x.
Proof.
  assert (Const : forall c x, continuous_at (fun _ => Some c) x).
  { intros c x v V eps E. exists 1. split; [lra|]. intros y u _ U. inversion V; inversion U; subst.
    now rewrite Rminus_diag_eq, Rabs_R0. }
  induction row as [|w row IH]; intros [|j args] F bias x H; simpl; try apply Const.
  apply (continuous_lift2 (fun a b => Some (Q2R w * a + b))).
  - intros a b c Hc eps E. inversion Hc; subst.
    destruct (continuous_mul (Q2R w) a (Q2R w * a) eq_refl (eps / 2)) as [d [D K]]; [lra|].
    exists (Rmin d (eps / 2)). split; [apply Rmin_glb_lt; lra|]. intros a' b' c' A B C. inversion C; subst.
    pose proof (Rmin_l d (eps / 2)). pose proof (Rmin_r d (eps / 2)).
    assert (Rabs (Q2R w * a' - Q2R w * a) < eps / 2) as X.
    { apply (K (Q2R w) a'); auto; [|lra]. now rewrite Rminus_diag_eq, Rabs_R0. }
    apply Rabs_def2 in X. apply Rabs_def2 in B. apply Rabs_def1; lra.
  - apply H. now left.
  - apply IH. intros i I. apply H. now right.
Qed.

Lemma operate_continuous x u p o : continuous_operation o = true ->
  (forall j, continuous_at (fun y => get (values y u p) j) x) ->
  continuous_at (fun y => operate y (u (length p)) (values y u p) o) x.
Proof.
  intros S H. destruct o; simpl in S; try discriminate; simpl.
  - intros v V eps E. exists 1. split; [lra|]. intros y w _ U. inversion V; inversion U; subst.
    now rewrite Rminus_diag_eq, Rabs_R0.
  - apply continuous_variable.
  - apply (continuous_lift1 (fun v => Some (- v))); auto. intros a' c E eps Pe. inversion E; subst.
    exists eps. split; auto. intros b c' B C. inversion C; subst. apply Rabs_def2 in B. apply Rabs_def1; lra.
  - apply (continuous_lift2 (fun v w => Some (v + w))); auto. apply continuous_add.
  - apply (continuous_lift2 (fun v w => Some (v - w))); auto. intros a' b' c E eps Pe. inversion E; subst.
    exists (eps / 2). split; [lra|]. intros a2 b2 c' A B C. inversion C; subst.
    apply Rabs_def2 in A. apply Rabs_def2 in B. apply Rabs_def1; lra.
  - apply (continuous_lift2 (fun v w => Some (v * w))); auto. apply continuous_mul.
  - apply (continuous_lift2 (fun v w => Some (Rmax v w))); auto. apply continuous_max.
  - apply continuous_lift1; auto. apply continuous_call.
  - apply continuous_lift2; auto. apply continuous_increment.
  - apply (continuous_dot row args (fun j y => get (values y u p) j)). auto.
Qed.

Theorem values_continuous x u p : forallb continuous_operation p = true ->
  forall j, continuous_at (fun y => get (values y u p) j) x.
Proof.
  induction p as [|o p IH]; intros S j; simpl in S.
  - intros v V. unfold get in V. simpl in V. destruct j; discriminate.
  - apply andb_prop in S; destruct S as [S1 S2]. specialize (IH S2).
    destruct (Nat.lt_trichotomy j (length p)) as [L|[->|L]].
    + intros v V eps E. simpl in V. rewrite get_old in V by (now rewrite values_length).
      destruct (IH j v V eps E) as [d [D K]]. exists d. split; auto. intros y w C U. simpl in U.
      rewrite get_old in U by (now rewrite values_length). eauto.
    + intros v V eps E. rewrite get_put in V.
      destruct (operate_continuous x u p o S1 IH v V eps E) as [d [D K]]. exists d. split; auto.
      intros y w C U. rewrite get_put in U. eauto.
    + intros v V. unfold get in V. rewrite nth_overflow in V; [discriminate|].
      rewrite rev_length, values_length. simpl. lia.
Qed.

(** They do not depend on choices. *)
Lemma settled_values x u u' p : forallb continuous_operation p = true -> values x u p = values x u' p.
Proof.
  induction p as [|o p IH]; intros S; simpl in S |- *; auto. apply andb_prop in S; destruct S as [S1 S2].
  rewrite (IH S2). f_equal. apply operate_settled. now destruct o.
Qed.

(** Several values at once. *)
Lemma all_continuous x u p js : forallb continuous_operation p = true ->
  forall v, map (get (values x u p)) js = map Some v -> forall eps, 0 < eps -> exists d, 0 < d /\
  forall y w, close d x y -> map (get (values y u p)) js = map Some w -> close eps v w.
Proof.
  intros S. induction js as [|j js IH]; intros [|a v] V eps E; simpl in V; try discriminate.
  - exists 1. split; [lra|]. intros y [|b w] _ U; simpl in U; try discriminate. constructor.
  - inversion V as [[V1 V2]]. destruct (IH v V2 eps E) as [d [D K]].
    destruct (values_continuous x u p S j a V1 eps E) as [e [E' L]].
    exists (Rmin d e). split; [now apply Rmin_glb_lt|]. intros y [|b w] C U; simpl in U; try discriminate.
    inversion U as [[U1 U2]]. constructor.
    + rewrite Rabs_minus_sym. apply (L y); auto. eapply close_more; [apply Rmin_r|exact C].
    + apply (K y); auto. eapply close_more; [apply Rmin_l|exact C].
Qed.
