(** Bounds of quadratic polynomials on [-1, 1]^m, coordinate by coordinate.

    Of each mixed term half is charged to both squares, which leaves a parabola in each variable.
    In words: [proofs/theory/L-MODEL.md], section 2. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Combinations.
Import ListNotations.
Local Open Scope R_scope.

(** [g z + d z^2 + z (sum_j m_j z_j)] with the variables [z_j] that come after. *)
Record coord := Coord { slope : interval; bend : float; mixed : list float }.

Fixpoint rowdot (m : list float) (z : list R) : R :=
  match m, z with a :: m, x :: z => toR a * x + rowdot m z | _, _ => 0 end.
Inductive formed : list R -> list coord -> R -> Prop :=
| formed_nil z : formed z [] 0
| formed_cons x z c g f v : contains (slope c) g -> formed z f v ->
  formed (x :: z) (c :: f) (x * (g + toR (bend c) * x + rowdot (mixed c) z) + v).
Lemma formed_eq z f u v : formed z f u -> u = v -> formed z f v.
Proof. now intros ? <-. Qed.

Definition sum_up (l : list float) : float := fold_right add_up 0%float l.
Definition half_of (b : float) : float := mul_up 0.5 b.

Lemma abs_upper f : upper (abs f) (Rabs (toR f)).
Proof.
  destruct (finite f) eqn:E.
  - apply finite_upper; [now rewrite finite_abs|]. rewrite toR_abs. apply Rle_refl.
  - split.
    + rewrite F.valid_ub_correct. pose proof (F.abs_correct f) as [A B].
      change (F.abs f) with (abs f) in *. rewrite F.valid_ub_correct in B. exact B.
    + destruct (F.toX (abs f)) as [|r] eqn:X; auto. exfalso.
      assert (finite (abs f) = true) by (rewrite finite_real, F.real_correct, X; reflexivity).
      rewrite finite_abs in *. congruence.
Qed.

(** ** Mixed terms against squares *)

(** [w] is a sum of [b_j z_j^2] with bounds [b_j] in the list. *)
Inductive weighed : list R -> list float -> R -> Prop :=
| weighed_end b : weighed [] b 0
| weighed_nil z : weighed z [] 0
| weighed_cons x z c cs b w : upper c b -> 0 <= b -> weighed z cs w ->
  weighed (x :: z) (c :: cs) (b * (x * x) + w).
Lemma weighed_eq z b v w : weighed z b v -> v = w -> weighed z b w.
Proof. now intros ? <-. Qed.

Fixpoint sums_up (s t : list float) : list float :=
  match s, t with
  | [], t => t
  | s, [] => s
  | a :: s, b :: t => add_up a b :: sums_up s t
  end.
Lemma weighed_add z s v : weighed z s v -> forall t w, weighed z t w -> weighed z (sums_up s t) (v + w).
Proof.
  induction 1 as [b|z|x z c cs b w C P H IH]; intros t v K.
  - inversion K; subst; apply (weighed_eq _ _ 0); try constructor; ring.
  - apply (weighed_eq _ _ v); [exact K|ring].
  - inversion K as [|?|? ? c' cs' b' w' C' P' H']; subst; simpl.
    + apply (weighed_eq _ _ (b * (x * x) + w)); [now constructor|ring].
    + apply (weighed_eq _ _ ((b + b') * (x * x) + (w + w'))); [|ring].
      constructor; [now apply add_up_ok|lra|now apply IH].
Qed.
Lemma weighed_hd x z s w : weighed (x :: z) s w ->
  exists b w', upper (hd 0%float s) b /\ 0 <= b /\ weighed z (tl s) w' /\ w = b * (x * x) + w'.
Proof.
  intros H. inversion H; subst; simpl.
  - exists 0, 0. split; [apply upper_0|]. split; [lra|]. split; [constructor|ring].
  - eauto 8.
Qed.

Lemma mixed_charged m : forall x z, exists b w, upper (sum_up (map abs m)) b /\ 0 <= b /\
  weighed z (map abs m) w /\ Rabs (x * rowdot m z) <= / 2 * (b * (x * x)) + / 2 * w.
Proof.
  induction m as [|a m IH]; intros x z; simpl.
  - exists 0, 0. split; [apply upper_0|]. split; [lra|]. split; [constructor|].
    rewrite Rmult_0_r, Rabs_R0. lra.
  - destruct z as [|y z].
    + destruct (IH x []) as [b [w [B [P [W E]]]]]. exists (Rabs (toR a) + b), 0.
      pose proof (Rabs_pos (toR a)). split; [apply add_up_ok; auto; apply abs_upper|].
      split; [lra|]. split; [constructor|]. rewrite Rmult_0_r, Rabs_R0.
      pose proof (Rle_0_sqr x) as S. unfold Rsqr in S.
      assert (0 <= (Rabs (toR a) + b) * (x * x)) by (apply Rmult_le_pos; lra). lra.
    + destruct (IH x z) as [b [w [B [P [W E]]]]].
      exists (Rabs (toR a) + b), (Rabs (toR a) * (y * y) + w).
      pose proof (Rabs_pos (toR a)). split; [apply add_up_ok; auto; apply abs_upper|].
      split; [lra|]. split; [constructor; auto; apply abs_upper|].
      replace (x * (toR a * y + rowdot m z)) with (toR a * (x * y) + x * rowdot m z) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
      assert (Q : Rabs (x * y) <= / 2 * (x * x + y * y)).
      { pose proof (Rle_0_sqr (x - y)) as S1. pose proof (Rle_0_sqr (x + y)) as S2.
        unfold Rsqr in *. unfold Rabs. destruct Rcase_abs; lra. }
      assert (Rabs (toR a) * Rabs (x * y) <= Rabs (toR a) * (/ 2 * (x * x + y * y)))
        by (apply Rmult_le_compat_l; auto). lra.
Qed.

Lemma half_ok' c b : upper c b -> 0 <= b -> upper (half_of c) (/ 2 * b).
Proof.
  intros C P. unfold half_of. apply mul_up_ok; auto; try lra.
  pose proof half_ok as [_ H]. apply (upper_le _ (1 / 2)); auto. lra.
Qed.

(** ** The range *)

(** The same without lists in between. *)
Fixpoint sum_abs (m : list float) : float :=
  match m with [] => 0%float | a :: m => add_up (abs a) (sum_abs m) end.
Lemma sum_abs_eq m : sum_abs m = sum_up (map abs m).
Proof. induction m; simpl; congruence. Qed.
Fixpoint charge (s m : list float) : list float :=
  match s, m with
  | [], m => map abs m
  | s, [] => s
  | a :: s, b :: m => add_up a (abs b) :: charge s m
  end.
Lemma charge_eq m : forall s, charge s m = sums_up s (map abs m).
Proof. induction m; intros [|b s]; simpl; auto. now rewrite IHm. Qed.

Definition curve_low (d h : float) : float := if finite d then down (d - h) else nan.
Fixpoint spread (f : list coord) (carry : list float) : interval :=
  match f with
  | [] => zero
  | c :: f =>
    let h := half_of (add_up (sum_abs (mixed c)) (hd 0%float carry)) in
    let s := size (slope c) in
    let rest := spread f (charge (tl carry) (mixed c)) in
    Ends (add_down (least (curve_low (bend c) h) s) (low rest))
         (add_up (- least (curve_low (- bend c) h) s) (high rest))
  end.

Lemma curve_low_ok d h b : upper h b -> lower (curve_low d h) (toR d - b).
Proof.
  intros H. unfold curve_low. destruct (finite d) eqn:E; [|apply unbounded_ok].
  apply sub_lower; auto. apply finite_lower; auto. apply Rle_refl.
Qed.

Lemma formed_cons_inv z c f v : formed z (c :: f) v -> exists x z' g v', z = x :: z' /\
  contains (slope c) g /\ formed z' f v' /\
  v = x * (g + toR (bend c) * x + rowdot (mixed c) z') + v'.
Proof. intros H. inversion H; subst. eauto 10. Qed.

Lemma spread_ok f : forall z carry v w, formed z f v -> length z = length f ->
  List.Forall in_unit z -> weighed z carry w ->
  lower (low (spread f carry)) (v - / 2 * w) /\ upper (high (spread f carry)) (v + / 2 * w).
Proof.
  induction f as [|c f IH]; intros z carry v w H L U W.
  - destruct z; [|discriminate]. inversion H; subst. inversion W; subst; simpl;
      replace (0 - / 2 * 0) with 0 by ring; replace (0 + / 2 * 0) with 0 by ring; apply zero_ok.
  - destruct (formed_cons_inv _ _ _ _ H) as (x & z' & g & v' & -> & G & H' & ->).
    inversion U as [|? ? X U']; subst. inversion L as [L'].
    destruct (weighed_hd _ _ _ _ W) as (b & w1 & B & P & W1 & ->).
    destruct (mixed_charged (mixed c) x z') as (b2 & w2 & B2 & P2 & W2 & E).
    pose proof (IH z' _ v' _ H' L' U' (weighed_add _ _ _ W1 _ _ W2)) as [Lo Hi].
    simpl. rewrite sum_abs_eq, charge_eq. set (h := half_of _).
    assert (Hh : upper h (/ 2 * (b2 + b))) by (apply half_ok'; [now apply add_up_ok|lra]).
    pose proof (curve_low_ok (bend c) h _ Hh) as C1. pose proof (curve_low_ok (- bend c) h _ Hh) as C2.
    rewrite toR_opp in C2. pose proof (size_ok _ _ G) as S.
    pose proof (least_ok _ _ _ g x C1 S X) as M1.
    assert (S' : upper (size (slope c)) (Rabs (- g))) by now rewrite Rabs_Ropp.
    pose proof (least_ok _ _ _ (- g) x C2 S' X) as M2.
    split; cbn [low high].
    + eapply lower_le; [apply add_down_ok; [exact M1|exact Lo]|].
      revert E. unfold Rabs. destruct Rcase_abs; lra.
    + eapply upper_le; [apply add_up_ok; [apply opp_upper; exact M2|exact Hi]|].
      revert E. unfold Rabs. destruct Rcase_abs; lra.
Qed.

(** ** Parabolas below a polynomial *)

(** Slope and curvature of each, the latter from below. *)
Fixpoint parabolas (f : list coord) (carry : list float) : list (interval * float) :=
  match f with
  | [] => []
  | c :: f =>
    let h := half_of (add_up (sum_abs (mixed c)) (hd 0%float carry)) in
    (slope c, curve_low (bend c) h) :: parabolas f (charge (tl carry) (mixed c))
  end.
Inductive below : list R -> list (interval * float) -> R -> Prop :=
| below_nil : below [] [] 0
| below_cons x z s q g a l v : contains s g -> lower q a -> below z l v ->
  below (x :: z) ((s, q) :: l) (g * x + a * (x * x) + v).

Lemma parabolas_ok f : forall z carry v w, formed z f v -> length z = length f ->
  List.Forall in_unit z -> weighed z carry w ->
  exists x, below z (parabolas f carry) x /\ x <= v - / 2 * w.
Proof.
  induction f as [|c f IH]; intros z carry v w H L U W.
  - destruct z; [|discriminate]. inversion H; subst. exists 0. split; [constructor|].
    inversion W; subst; lra.
  - destruct (formed_cons_inv _ _ _ _ H) as (x & z' & g & v' & -> & G & H' & ->).
    inversion U as [|? ? X U']; subst. inversion L as [L'].
    destruct (weighed_hd _ _ _ _ W) as (b & w1 & B & P & W1 & ->).
    destruct (mixed_charged (mixed c) x z') as (b2 & w2 & B2 & P2 & W2 & E).
    destruct (IH z' _ v' _ H' L' U' (weighed_add _ _ _ W1 _ _ W2)) as [y [Y Le]].
    simpl. rewrite sum_abs_eq, charge_eq. set (h := half_of _).
    assert (Hh : upper h (/ 2 * (b2 + b))) by (apply half_ok'; [now apply add_up_ok|lra]).
    exists (g * x + (toR (bend c) - / 2 * (b2 + b)) * (x * x) + y). split.
    + constructor; auto. now apply curve_low_ok.
    + revert E. unfold Rabs. destruct Rcase_abs; lra.
Qed.

Definition least_of (p : interval * float) : float := least (snd p) (size (fst p)).
Definition sum_down (l : list float) : float := fold_right add_down 0%float l.
Lemma lower_0 : lower 0 0. Proof. apply finite_lower; auto. rewrite toR_0. lra. Qed.
Lemma leasts_ok z l v : below z l v -> List.Forall in_unit z ->
  lower (sum_down (map least_of l)) v.
Proof.
  induction 1 as [|x z s q g a l v S Q H IH]; intros U; simpl; [apply lower_0|].
  inversion U; subst. apply add_down_ok; auto. unfold least_of. simpl.
  apply least_ok; auto. now apply size_ok.
Qed.
