(** Case distinction on thresholds, exactly: affine forms, boxes with open ends, and what is left of one where
    a form is positive.  Everything is rational, and nothing is rounded. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

Lemma as_long {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> length l = length m.
Proof. induction 1; simpl; auto. Qed.

(** * Affine forms: a constant, and a slope for each of the first variables *)

Record affine := Form { offset : Q; slopes : list Q }.
Fixpoint slope_sum (l : list Q) (x : list R) : R :=
  match l, x with w :: l', v :: x' => Q2R w * v + slope_sum l' x' | _, _ => 0 end.
Definition at_point (x : list R) (a : affine) : R := Q2R (offset a) + slope_sum (slopes a) x.

Fixpoint slopes_plus (l m : list Q) : list Q :=
  match l, m with
  | [], _ => m
  | _, [] => l
  | w :: l', v :: m' => (w + v)%Q :: slopes_plus l' m'
  end.
Definition form_plus (a b : affine) : affine := Form (offset a + offset b)%Q (slopes_plus (slopes a) (slopes b)).
Definition form_times (q : Q) (a : affine) : affine := Form (q * offset a)%Q (map (Qmult q) (slopes a)).
Definition form_neg (a : affine) : affine := Form (- offset a)%Q (map Qopp (slopes a)).
Definition is_zero (q : Q) : bool := Z.eqb (Qnum q) 0.
Definition is_constant (a : affine) : bool := forallb is_zero (slopes a).

Lemma is_zero_ok q : is_zero q = true -> Q2R q = 0.
Proof. unfold is_zero, Q2R. intros H. apply Z.eqb_eq in H. rewrite H. simpl. ring. Qed.
Lemma zero_Q : Q2R 0 = 0. Proof. unfold Q2R. simpl. lra. Qed.
Lemma one_Q : Q2R 1 = 1. Proof. unfold Q2R. simpl. lra. Qed.
Lemma slopes_plus_ok l : forall m x, slope_sum (slopes_plus l m) x = slope_sum l x + slope_sum m x.
Proof.
  induction l as [|w l IH]; intros [|v m] [|y x]; simpl; try ring. rewrite IH, Q2R_plus. ring.
Qed.
Lemma form_plus_ok x a b : at_point x (form_plus a b) = at_point x a + at_point x b.
Proof. unfold at_point. simpl. rewrite slopes_plus_ok, Q2R_plus. ring. Qed.
Lemma form_times_ok x q a : at_point x (form_times q a) = Q2R q * at_point x a.
Proof.
  unfold at_point. simpl. rewrite Q2R_mult.
  replace (slope_sum (map (Qmult q) (slopes a)) x) with (Q2R q * slope_sum (slopes a) x); [ring|].
  revert x. induction (slopes a) as [|w l IH]; intros [|v x]; simpl; try ring. rewrite <- IH, Q2R_mult. ring.
Qed.
Lemma form_neg_ok x a : at_point x (form_neg a) = - at_point x a.
Proof.
  unfold at_point. simpl. rewrite Q2R_opp.
  replace (slope_sum (map Qopp (slopes a)) x) with (- slope_sum (slopes a) x); [ring|].
  revert x. induction (slopes a) as [|w l IH]; intros [|v x]; simpl; try ring. rewrite <- IH, Q2R_opp. ring.
Qed.
Lemma zeros_ok l : forall x, forallb is_zero l = true -> slope_sum l x = 0.
Proof.
  induction l as [|w l IH]; intros [|v x] H; simpl in *; auto. apply andb_prop in H. destruct H as [A B].
  rewrite IH, (is_zero_ok _ A) by auto. ring.
Qed.
Lemma is_constant_ok x a : is_constant a = true -> at_point x a = Q2R (offset a).
Proof. unfold at_point, is_constant. intros H. rewrite zeros_ok by auto. ring. Qed.

(** Variable number [i]. *)
Definition variable (i : nat) : affine := Form 0 (repeat 0%Q i ++ [1%Q]).
Lemma variable_ok i : forall x v, nth_error x i = Some v -> at_point x (variable i) = v.
Proof.
  unfold at_point, variable. simpl. induction i; intros [|y x] v H; simpl in *; try discriminate.
  - inversion H; subst. rewrite zero_Q, one_Q. destruct x; simpl; ring.
  - rewrite <- (IHi x v H), !zero_Q. ring.
Qed.

(** * Boxes whose sides may be without their ends *)

Record side := Side { least : Q; most : Q; open_least : bool; open_most : bool }.
Definition beyond (strict : bool) (a b : R) : Prop := if strict then a < b else a <= b.
Definition on_side (s : side) (v : R) : Prop :=
  beyond (open_least s) (Q2R (least s)) v /\ beyond (open_most s) v (Q2R (most s)).
Definition inside_box (b : list side) (x : list R) : Prop := Forall2 on_side b x.

Definition closed_side (lh : Q * Q) : side := Side (fst lh) (snd lh) false false.
Lemma closed_box l x : in_box l x -> inside_box (map closed_side l) x.
Proof. unfold in_box, inside_box. induction 1 as [|[l h] v b x H F IH]; simpl; constructor; auto. Qed.
Definition hull (b : list side) : list (Q * Q) := map (fun s => (least s, most s)) b.
Lemma beyond_weak s a b : beyond s a b -> a <= b.
Proof. destruct s; simpl; lra. Qed.
Lemma hull_ok b x : inside_box b x -> in_box (hull b) x.
Proof.
  unfold in_box, inside_box. induction 1 as [|s v b x [L U] F IH]; simpl; constructor; auto.
  split; simpl; eapply beyond_weak; eauto.
Qed.

Definition Qless (a b : Q) : bool := negb (Qle_bool b a).
Lemma Qless_ok a b : Qless a b = true -> Q2R a < Q2R b.
Proof.
  unfold Qless. intros H. apply negb_true_iff in H. apply Qlt_Rlt. apply Qnot_le_lt. intros K.
  apply Qle_bool_iff in K. congruence.
Qed.

Definition side_above (q : Q) (open : bool) (s : side) : side :=
  if Qless (least s) q || (open && Qle_bool (least s) q) then Side q (most s) open (open_most s) else s.
Definition side_below (q : Q) (open : bool) (s : side) : side :=
  if Qless q (most s) || (open && Qle_bool q (most s)) then Side (least s) q (open_least s) open else s.

Lemma side_above_ok q open s v : on_side s v -> beyond open (Q2R q) v -> on_side (side_above q open s) v.
Proof. unfold side_above, on_side. destruct (_ || _); simpl; tauto. Qed.
Lemma side_below_ok q open s v : on_side s v -> beyond open v (Q2R q) -> on_side (side_below q open s) v.
Proof. unfold side_below, on_side. destruct (_ || _); simpl; tauto. Qed.

(** * What is left of a box where a form is positive *)

(** The supremum, and whether it is attained. *)
Fixpoint top (l : list Q) (b : list side) : Q * bool :=
  match l, b with
  | w :: l', s :: b' =>
    let (t, a) := top l' b' in
    if is_zero w then (t, a)
    else if Qle_bool 0 w then (w * most s + t, a && negb (open_most s))%Q
    else (w * least s + t, a && negb (open_least s))%Q
  | _, _ => (0%Q, true)
  end.
Lemma top_ok l : forall b x, inside_box b x ->
  beyond (negb (snd (top l b))) (slope_sum l x) (Q2R (fst (top l b))).
Proof.
  induction l as [|w l IH]; intros b x H; [simpl; rewrite zero_Q; lra|].
  destruct H as [|s v b x [L U] H]; [simpl; rewrite zero_Q; lra|]. simpl. specialize (IH b x H).
  destruct (top l b) as [t a]. simpl in IH. destruct (is_zero w) eqn:Z.
  - rewrite (is_zero_ok _ Z). simpl. destruct a; simpl in *; lra.
  - destruct (Qle_bool 0 w) eqn:S; simpl; rewrite Q2R_plus, Q2R_mult.
    + assert (P : 0 < Q2R w).
      { apply Qle_bool_iff, Qle_Rle in S. rewrite zero_Q in S. destruct S as [S|S]; auto. exfalso.
        apply (f_equal (fun r => r * IZR (Zpos (Qden w)))) in S. unfold Q2R in S.
        rewrite Rmult_assoc, Rinv_l, Rmult_1_r, Rmult_0_l in S by (apply IZR_neq; discriminate).
        apply (eq_IZR 0) in S. unfold is_zero in Z. rewrite <- S in Z. discriminate. }
      destruct a, (open_most s), (open_least s); simpl in *; nra.
    + assert (P : Q2R w < 0).
      { rewrite <- zero_Q. apply Qless_ok. unfold Qless. now rewrite S. }
      destruct a, (open_most s), (open_least s); simpl in *; nra.
Qed.

(** Whether [a > 0], or [a >= 0] if not [strict], nowhere in the box. *)
Definition impossible (b : list side) (strict : bool) (a : affine) : bool :=
  let (t, attained) := top (slopes a) b in
  let sup := (offset a + t)%Q in
  Qless sup 0 || ((strict || negb attained) && Qle_bool sup 0).
Definition holds_at (x : list R) (c : bool * affine) : Prop := beyond (fst c) 0 (at_point x (snd c)).
Lemma impossible_ok b strict a x : impossible b strict a = true -> inside_box b x -> ~ holds_at x (strict, a).
Proof.
  unfold impossible, holds_at, at_point. intros H I P. pose proof (top_ok (slopes a) b x I) as T.
  destruct (top (slopes a) b) as [t attained]. simpl in *. apply orb_prop in H. destruct H as [H|H].
  - apply Qless_ok in H. rewrite Q2R_plus, zero_Q in H. apply beyond_weak in T. apply beyond_weak in P. lra.
  - apply andb_prop in H. destruct H as [S H]. apply Qle_bool_iff, Qle_Rle in H. rewrite Q2R_plus, zero_Q in H.
    destruct strict, attained; simpl in *; try discriminate; lra.
Qed.

(** The one variable that a form has, and its slope. *)
Fixpoint only (i : nat) (l : list Q) : option (nat * Q) :=
  match l with
  | [] => None
  | w :: l' => if is_zero w then only (S i) l' else if forallb is_zero l' then Some (i, w) else None
  end.
Lemma only_ok l : forall i j w x, only i l = Some (j, w) ->
  is_zero w = false /\ (i <= j)%nat /\ (forall v, nth_error x (j - i) = Some v -> slope_sum l x = Q2R w * v).
Proof.
  induction l as [|u l IH]; intros i j w x H; simpl in H; [discriminate|].
  destruct (is_zero u) eqn:Z.
  - destruct (IH (S i) j w (tl x) H) as [A [B C]]. split; auto. split; [lia|]. intros v E.
    destruct x as [|y x]; [destruct (j - i)%nat; discriminate|]. simpl tl in C.
    simpl. rewrite (is_zero_ok _ Z). replace (j - i)%nat with (S (j - S i)) in E by lia.
    rewrite (C v E). ring.
  - destruct (forallb is_zero l) eqn:F; [|discriminate]. inversion H; subst. split; auto. split; auto.
    rewrite Nat.sub_diag. intros v E. destruct x as [|y x]; [discriminate|]. simpl in *. inversion E; subst.
    rewrite zeros_ok by auto. ring.
Qed.

Fixpoint changed (i : nat) (f : side -> side) (b : list side) : list side :=
  match b, i with
  | [], _ => []
  | s :: b', O => f s :: b'
  | s :: b', S i' => s :: changed i' f b'
  end.
Lemma changed_ok f i : forall b x, inside_box b x ->
  (forall s v, nth_error x i = Some v -> on_side s v -> on_side (f s) v) -> inside_box (changed i f b) x.
Proof.
  induction i; intros b x H F; inversion H; subst; simpl; constructor; auto. apply IHi; auto.
Qed.

(** The part of the box where [a > 0], or [a >= 0]: exact for a form in one variable; none if empty. *)
Definition narrow (b : list side) (c : bool * affine) : option (list side) :=
  let (strict, a) := c in
  if impossible b strict a then None else
  match only 0 (slopes a) with
  | Some (i, w) =>
    let q := (- offset a / w)%Q in
    Some (changed i (if Qle_bool 0 w then side_above q strict else side_below q strict) b)
  | None => Some b
  end.
Lemma narrow_ok b c x : inside_box b x -> holds_at x c ->
  exists b', narrow b c = Some b' /\ inside_box b' x.
Proof.
  destruct c as [strict a]. intros I P. unfold narrow. destruct (impossible b strict a) eqn:E.
  { destruct (impossible_ok _ _ _ _ E I P). }
  destruct (only 0 (slopes a)) as [[i w]|] eqn:O; [|eauto]. eexists. split; [reflexivity|].
  apply changed_ok; auto. intros s v Ev Sv.
  destruct (only_ok _ _ _ _ x O) as [Z [_ A]]. rewrite Nat.sub_0_r in A. specialize (A v Ev).
  unfold holds_at, at_point in P. simpl in P. rewrite A in P. clear A.
  assert (W : ~ w == 0).
  { intros K. unfold is_zero in Z. unfold Qeq in K. simpl in K. rewrite Z.mul_1_r in K. rewrite K in Z. discriminate. }
  assert (Q : Q2R (- offset a / w) * Q2R w = - Q2R (offset a)).
  { rewrite Q2R_div, Q2R_opp by auto. field. intros K. apply W. apply eqR_Qeq. now rewrite K, zero_Q. }
  destruct (Qle_bool 0 w) eqn:S.
  - apply Qle_bool_iff, Qle_Rle in S. rewrite zero_Q in S.
    assert (0 < Q2R w). { destruct S as [S|S]; auto. exfalso. apply W. apply eqR_Qeq. now rewrite zero_Q, <- S. }
    apply side_above_ok; auto. destruct strict; simpl in *; nra.
  - assert (Q2R w < 0). { rewrite <- zero_Q. apply Qless_ok. unfold Qless. now rewrite S. }
    apply side_below_ok; auto. destruct strict; simpl in *; nra.
Qed.
(** What is left is a part of the box. *)
Lemma side_above_back q open s v : on_side (side_above q open s) v -> on_side s v.
Proof.
  unfold side_above, on_side. destruct (_ || _) eqn:C; auto. simpl. intros [A U]. split; auto.
  apply orb_prop in C. destruct C as [C|C].
  - apply Qless_ok in C. apply beyond_weak in A. destruct (open_least s); simpl; lra.
  - apply andb_prop in C. destruct C as [-> C]. apply Qle_bool_iff, Qle_Rle in C. simpl in A. destruct (open_least s); simpl; lra.
Qed.
Lemma side_below_back q open s v : on_side (side_below q open s) v -> on_side s v.
Proof.
  unfold side_below, on_side. destruct (_ || _) eqn:C; auto. simpl. intros [A U]. split; auto.
  apply orb_prop in C. destruct C as [C|C].
  - apply Qless_ok in C. apply beyond_weak in U. destruct (open_most s); simpl; lra.
  - apply andb_prop in C. destruct C as [-> C]. apply Qle_bool_iff, Qle_Rle in C. simpl in U. destruct (open_most s); simpl; lra.
Qed.
Lemma changed_back f i : (forall s v, on_side (f s) v -> on_side s v) -> forall b x, inside_box (changed i f b) x -> inside_box b x.
Proof.
  intros F. induction i; intros [|s b] x H; simpl in H; auto; inversion H; subst; constructor; auto. now apply IHi.
Qed.
Lemma narrow_back b c b' x : narrow b c = Some b' -> inside_box b' x -> inside_box b x.
Proof.
  destruct c as [strict a]. unfold narrow. destruct (impossible b strict a); [discriminate|].
  destruct (only 0 (slopes a)) as [[i w]|]; intros E I; inversion E; subst; auto.
  revert I. apply changed_back. intros s v. destruct (Qle_bool 0 w); [apply side_above_back|apply side_below_back].
Qed.
Fixpoint where_all (b : list side) (l : list (bool * affine)) : option (list side) :=
  match l with
  | [] => Some b
  | c :: l' => match narrow b c with Some b' => where_all b' l' | None => None end
  end.
Lemma where_all_ok l x : forall b, inside_box b x -> Forall (holds_at x) l ->
  exists b', where_all b l = Some b' /\ inside_box b' x.
Proof.
  induction l as [|c l IH]; intros b I F; simpl; [eauto|]. inversion F; subst.
  destruct (narrow_ok b c x I) as [b' [-> I']]; auto.
Qed.
