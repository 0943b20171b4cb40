(** Narrowing: where a variable can be if a polynomial is not positive, from its parabolas.

    In words: [proofs/theory/L-MODEL.md], section 2. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Quadratics.
Import ListNotations.
Local Open Scope R_scope.

(** [g z + q z^2 > b] beyond [t], up to 1. *)
Definition value_at (s : interval) (q t : float) : interval :=
  add (mul s (point t)) (mul (point q) (sqr (point t))).
Definition beyond (s : interval) (q b t : float) : bool :=
  finite q && finite b && finite t && is_lt b (low (value_at s q t)) &&
  (if is_le 0 q then positive (add s (mul two (mul (point q) (point t))))
   else is_lt b (low (value_at s q 1))).
Lemma value_at_ok s q t g : contains s g -> finite q = true -> finite t = true ->
  contains (value_at s q t) (g * toR t + toR q * (toR t * toR t)).
Proof.
  intros S Q T. apply add_ok; apply mul_ok; auto using point_ok. now apply sqr_ok, point_ok.
Qed.
Lemma beyond_ok s q b t g z : beyond s q b t = true -> contains s g -> in_unit z -> toR t < z ->
  toR b < g * z + toR q * (z * z).
Proof.
  unfold beyond. intros H S Z T.
  apply andb_prop in H; destruct H as [H E2]. apply andb_prop in H; destruct H as [H E1].
  apply andb_prop in H; destruct H as [H Ft]. apply andb_prop in H; destruct H as [Fq Fb].
  pose proof (lt_finite _ _ _ (proj1 (value_at_ok _ _ _ _ S Fq Ft)) Fb E1) as V.
  set (x := toR t) in *. set (k := toR q) in *. unfold in_unit in Z.
  destruct (is_le 0 q) eqn:P.
  - assert (K : 0 <= k).
    { pose proof (le_finite 0 q k (proj1 (point_ok q Fq)) eq_refl P) as Q. now rewrite toR_0 in Q. }
    pose proof (point_ok q Fq) as Pq. pose proof (point_ok t Ft) as Pt.
    pose proof (positive_ok _ _ E2 (add_ok _ _ _ _ S (mul_ok _ _ _ _ two_ok (mul_ok _ _ _ _ Pq Pt)))) as D.
    fold k x in D.
    assert (0 <= (z - x) * (g + 2 * (k * x))) by (apply Rmult_le_pos; lra).
    assert (0 <= k * ((z - x) * (z - x))) by (apply Rmult_le_pos; [lra|apply Rle_0_sqr]). lra.
  - pose proof (lt_finite _ _ _ (proj1 (value_at_ok _ _ 1 _ S Fq eq_refl)) Fb E2) as W.
    rewrite toR_1 in W. fold k in W.
    assert (K : k <= 0).
    { unfold is_le in P. rewrite (cmp_real 0 q) in P by auto. rewrite toR_0 in P. unfold k.
      destruct (Raux.Rcompare_spec 0 (toR q)); try discriminate; lra. }
    destruct (Req_dec z 1) as [->|N]; [lra|].
    (* a concave parabola is above its chord from x to 1 *)
    apply (Rmult_lt_reg_r (1 - x)); [lra|].
    assert (0 <= - k * ((z - x) * (1 - z) * (1 - x))).
    { apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; [apply Rmult_le_pos|]; lra. }
    assert (0 < (1 - z) * (g * x + k * (x * x) - toR b)) by (apply Rmult_lt_0_compat; lra).
    assert (0 < (z - x) * (g * 1 + k * (1 * 1) - toR b)) by (apply Rmult_lt_0_compat; lra).
    replace ((g * z + k * (z * z)) * (1 - x)) with
      (toR b * (1 - x) + (1 - z) * (g * x + k * (x * x) - toR b) +
       (z - x) * (g * 1 + k * (1 * 1) - toR b) + - k * ((z - x) * (1 - z) * (1 - x))) by ring.
    lra.
Qed.

(** A number beyond which it seems to be so. *)
Definition cut_hint (s : interval) (q b : float) : float :=
  let g := middle s in
  let disc := (g * g + 4 * q * b)%float in
  let root := if is_lt disc 0 then 0%float else PrimFloat.sqrt disc in
  let t := if is_le 0 g then (2 * b / (g + root))%float else ((root - g) / (2 * q))%float in
  let t := (t + 0x1p-30 * (1 + abs t))%float in
  if is_lt t (-1) then (-1)%float else t.
Definition cut_high (s : interval) (q b : float) : float :=
  let t := cut_hint s q b in
  if is_lt t 1 && beyond s q b t then t else 1%float.
Lemma cut_high_ok s q b g a x c : contains s g -> lower q a -> upper b c -> in_unit x ->
  g * x + a * (x * x) <= c -> upper (cut_high s q b) x.
Proof.
  intros S Q B X H. unfold cut_high. destruct (_ && _) eqn:E.
  - apply andb_prop in E; destruct E as [_ E]. set (t := cut_hint s q b) in *.
    assert (F3 : finite q = true /\ finite b = true /\ finite t = true).
    { unfold beyond in E. repeat (apply andb_prop in E; destruct E as [E ?]). auto. }
    destruct F3 as [Fq [Fb Ft]]. apply finite_upper; auto.
    destruct (Rle_dec x (toR t)) as [|N]; auto. exfalso.
    pose proof (beyond_ok _ _ _ _ _ x E S X ltac:(lra)) as V.
    apply finite_upper in B; auto. apply finite_lower in Q; auto.
    pose proof (Rle_0_sqr x) as Sq. unfold Rsqr in Sq.
    assert (toR q * (x * x) <= a * (x * x)) by (apply Rmult_le_compat_r; lra). lra.
  - apply finite_upper; auto. rewrite toR_1. apply X.
Qed.
Definition cut (s : interval) (q b : float) : interval :=
  Ends (- cut_high (neg s) q b) (cut_high s q b).
Lemma cut_ok s q b g a x c : contains s g -> lower q a -> upper b c -> in_unit x ->
  g * x + a * (x * x) <= c -> contains (cut s q b) x.
Proof.
  intros S Q B X H. split; cbn [low high cut].
  - replace x with (- - x) by ring. apply opp_lower.
    apply (cut_high_ok _ q b (- g) a _ c); auto; [now apply neg_ok|unfold in_unit in *; lra|].
    replace (- g * - x + a * (- x * - x)) with (g * x + a * (x * x)) by ring. exact H.
  - now apply (cut_high_ok _ q b g a _ c).
Qed.

(** Where the first [n] variables can be if [c] and the parabolas are 0 or less together; [sum]
    is below those before. *)
Fixpoint cuts (n : nat) (sum : float) (l : list (interval * float)) : list interval :=
  match n, l with
  | S n, p :: l =>
    let rest := add_down sum (sum_down (map least_of l)) in
    cut (fst p) (snd p) (- rest) :: cuts n (add_down sum (least_of p)) l
  | _, _ => []
  end.
Lemma cuts_ok n : forall z l v sum b, below z l v -> List.Forall in_unit z -> lower sum b ->
  b + v <= 0 -> Forall2 contains (cuts n sum l) (firstn (length (cuts n sum l)) z).
Proof.
  induction n; intros z l v sum b B U S H; destruct B as [|x z s q g a l v Sl Q B]; simpl;
    try constructor.
  - inversion U; subst. set (rest := add_down _ _).
    assert (R' : lower rest (b + v)) by (apply add_down_ok; auto; now apply (leasts_ok z)).
    apply (cut_ok _ _ _ g a _ (- (b + v))); auto; [now apply opp_upper|]. lra.
  - inversion U; subst. apply (IHn z l v _ (b + (g * x + a * (x * x)))); auto; [|lra].
    apply add_down_ok; auto. unfold least_of. simpl. apply least_ok; auto. now apply size_ok.
Qed.
