(** Polynomials of degree 1 and 2 in the variables of a box and in symbols.

    On a box [x_i = m_i + r_i z_i] with [z_i] in [-1, 1]; behind the variables come the symbols,
    unknown numbers in [-1, 1] that are the same for all polynomials of a box.  A polynomial
    describes a number [v] if there is a [c] in the interval [centre] with

      [v = c + sum_i g_i z_i + sum_(i, j) h_ij z_i z_j].

    Coefficients are binary64, so that an operation is an identity over the reals but for its
    rounding, of which one bound is added to the centre ([Vectors.v], [Forms.v]). *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal Float.Primitive_ops.
From Flocq.Core Require Import Zaux Raux.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Combinations Forms Quadratics Least Narrowing Flat.
Import ListNotations.
Local Open Scope R_scope.
Notation u := unit_roundoff.

(** Elementwise, what is missing being 0. *)
Fixpoint pairwise {A} (f : A -> A -> A) (s t : list A) : list A :=
  match s, t with
  | [], t => t
  | s, [] => s
  | a :: s', b :: t' => f a b :: pairwise f s' t'
  end.

(** [steep] and [bent] are at least the sums of the sizes of the coefficients. *)
Record poly := Poly
  { centre : interval; slopes : vec; steep : float; squares : form; bent : float }.

Definition sized (p : poly) : Prop :=
  finite (steep p) = true /\ finite (bent p) = true /\ all_finite (slopes p) /\
  finite_form (squares p) /\ total (slopes p) <= toR (steep p) /\
  total_form (squares p) <= toR (bent p).
Definition describes (z : nat -> R) (p : poly) (v : R) : Prop :=
  sized p /\ exists c, contains (centre p) c /\ v = c + lin z 0 (slopes p) + quad z 0 (squares p).

Definition constant (i : interval) : poly := Poly i End 0 [] 0.
(** A polynomial whose coefficients are finite; otherwise nothing is known. *)
Definition made (c : interval) (g : vec) (h : form) : poly :=
  let s := norm g in
  let b := norm_form h in
  if finite s && finite b then Poly c g s h b else constant unbounded.

Definition theta_float : float := 0x1p-502%float.
(** What is lost in the multiplication by [a] of coefficients with sizes [t] in all. *)
Definition lossy (a t : float) : float := mul_up 0x1p-51 (mul_up (add_up (abs a) theta_float) t).
Definition weight (p : poly) : float := add_up (steep p) (bent p).

Definition is_constant (p : poly) : bool :=
  match slopes p, squares p with End, [] => true | _, _ => false end.

(** [a p + b q], with the centre [c], of which rounding loses at most [lost]. *)
Definition blended (lost : float) (c : interval) (a : float) (p : poly) (b : float) (q : poly) : poly :=
  made (sum c (balanced lost)) (comb a (slopes p) b (slopes q)) (qcomb a (squares p) b (squares q)).
Definition combined (c : interval) (a : float) (p : poly) (b : float) (q : poly) : poly :=
  blended (add_up (lossy a (weight p)) (lossy b (weight q))) c a p b q.
(** What sums and differences lose. *)
Definition sum_loss (p q : poly) : float := mul_up 0x1p-50 (add_up (weight p) (weight q)).
Definition shifted (i : interval) (p : poly) : poly :=
  Poly (sum i (centre p)) (slopes p) (steep p) (squares p) (bent p).
Definition opposite (p : poly) : poly :=
  Poly (neg (centre p)) (vopp (slopes p)) (steep p) (qopp (squares p)) (bent p).
Definition plus (p q : poly) : poly :=
  if is_constant p then shifted (centre p) q
  else if is_constant q then shifted (centre q) p
  else blended (sum_loss p q) (sum (centre p) (centre q)) 1 p 1 q.
Definition minus (p q : poly) : poly :=
  if is_constant q then shifted (neg (centre q)) p
  else blended (sum_loss p q) (sum (centre p) (neg (centre q))) 1 p (-1) q.
Definition times (w : interval) (p : poly) : poly :=
  if is_constant p then constant (scale w (centre p)) else
  let exact := is_eq (high w) (low w) in
  let m := if exact then low w else middle w in
  let r := if exact then 0%float else size (sub w (point m)) in
  if finite m then
    made (sum (scale w (centre p)) (balanced (add_up (lossy m (weight p)) (mul_up r (weight p)))))
      (vscale m (slopes p)) (qscale m (squares p))
  else constant unbounded.

(** [w p + q], as in the rows of matrices. *)
Definition plus_scaled (w : interval) (p q : poly) : poly :=
  if is_eq (high w) (low w) && finite (low w) && negb (is_constant p || is_constant q)
  then combined (sum (scale w (centre p)) (centre q)) (low w) p 1 q
  else plus (times w p) q.

(** * Ranges *)

Definition coordinates_of (p : poly) : option (list coord) :=
  flat (Nat.max (chunks (slopes p)) (chunks_form (squares p))) (slopes p) (squares p).
Definition flat_loss (p : poly) : float := mul_up 0x1p-53 (bent p).
Definition moving (p : poly) : interval :=
  match squares p with
  | [] => balanced (steep p)
  | _ =>
    match coordinates_of p with
    | Some l => sum (spread l []) (balanced (flat_loss p))
    | None => balanced (weight p)
    end
  end.
Definition poly_range (p : poly) : interval := sum (centre p) (moving p).

(** A sharper lower end, where there are squares. *)
Definition sweeps : nat := 10.
Definition poly_least (p : poly) : float :=
  match coordinates_of p with
  | Some l => least_value sweeps (low (sum (centre p) (balanced (flat_loss p)))) l
  | None => nan
  end.
(** Where the first [n] variables are if the value is not positive. *)
Definition poly_cuts (n : nat) (p : poly) : list interval :=
  match coordinates_of p with
  | Some l => cuts n (low (sum (centre p) (balanced (flat_loss p)))) (parabolas l [])
  | None => []
  end.

Lemma toR_power f (e : Z) : F.toF f = Basic.Float false 4503599627370496 e ->
  toR f = bpow radix2 (52 + e).
Proof.
  intros H. unfold toR, F.toR, F.toX. rewrite H. unfold FtoX, proj_val. rewrite FtoR_split.
  unfold Defs.F2R. cbn [Defs.Fnum Defs.Fexp]. change (IZR (cond_Zopp false 4503599627370496)) with (bpow radix2 52).
  unfold F.radix. now rewrite <- bpow_plus.
Qed.

Section Rules.
Variable z : nat -> R.
Hypothesis Z : forall k, in_unit (z k).
Notation is p v := (describes z p v).

Lemma constant_ok i v : contains i v -> is (constant i) v.
Proof.
  intros C. split.
  - unfold sized. simpl. rewrite toR_0. repeat split; auto; try lra. constructor.
  - exists v. simpl. split; [exact C|ring].
Qed.
Lemma made_ok c g h v : (all_finite g -> finite_form h ->
  exists x, contains c x /\ v = x + lin z 0 g + quad z 0 h) -> is (made c g h) v.
Proof.
  intros H. unfold made. destruct (_ && _) eqn:E; [|apply constant_ok, unbounded_ok].
  apply andb_prop in E; destruct E as [A B].
  pose proof (norm_finite _ A). pose proof (norm_form_finite _ B).
  pose proof (norm_ok _ A). pose proof (norm_form_ok _ B).
  split; [|simpl; auto]. unfold sized. simpl. intuition lra.
Qed.

Lemma upper_self f : finite f = true -> upper f (toR f).
Proof. intros H. apply finite_upper; auto. apply Rle_refl. Qed.
Lemma lossy_ok a t x : upper t x -> 0 <= x -> upper (lossy a t) (loss a x).
Proof.
  intros T X. unfold lossy, loss. pose proof u_small. pose proof theta_pos. pose proof (Rabs_pos (toR a)).
  assert (E : toR 0x1p-51 = 4 * u).
  { rewrite (toR_power _ (-103)) by reflexivity. unfold unit_roundoff. simpl. lra. }
  assert (E' : toR theta_float = theta) by (rewrite (toR_power _ (-554)) by reflexivity; reflexivity).
  apply mul_up_ok; [rewrite <- E; now apply upper_self| |lra|apply pos2; lra].
  apply mul_up_ok; auto; [|lra]. apply add_up_ok; [apply abs_upper|].
  rewrite <- E'. now apply upper_self.
Qed.

Definition weight_of (p : poly) : R := total (slopes p) + total_form (squares p).
Lemma weight_pos p : 0 <= weight_of p.
Proof. unfold weight_of. pose proof (total_pos (slopes p)). pose proof (total_form_pos (squares p)). lra. Qed.
Lemma steep_ok p : sized p -> upper (steep p) (total (slopes p)).
Proof. intros (A & B & C & D & E & F). now apply finite_upper. Qed.
Lemma bent_ok p : sized p -> upper (bent p) (total_form (squares p)).
Proof. intros (A & B & C & D & E & F). now apply finite_upper. Qed.
Lemma weight_ok p : sized p -> upper (weight p) (weight_of p).
Proof. intros S. apply add_up_ok; [now apply steep_ok|now apply bent_ok]. Qed.
Lemma weight_bound p : Rabs (lin z 0 (slopes p) + quad z 0 (squares p)) <= weight_of p.
Proof.
  unfold weight_of. apply sum_bound; [now apply lin_bound|now apply quad_bound].
Qed.

Lemma blended_ok r c a p b q v w : is p v -> is q w ->
  upper r (loss a (weight_of p) + loss b (weight_of q)) ->
  (forall x y, contains (centre p) x -> contains (centre q) y -> contains c (toR a * x + toR b * y)) ->
  is (blended r c a p b q) (toR a * v + toR b * w).
Proof.
  intros [S [x [X ->]]] [T [y [Y ->]]] Lost C. unfold blended. apply made_ok. intros A B.
  pose proof (comb_ok z Z a (slopes p) b (slopes q) 0 A) as E.
  pose proof (qcomb_ok z Z a (squares p) b (squares q) 0 B) as G.
  set (l := lin z 0 (comb _ _ _ _)) in *. set (k := quad z 0 (qcomb _ _ _ _)) in *.
  set (l1 := lin z 0 (slopes p)) in *. set (l2 := lin z 0 (slopes q)) in *.
  set (q1 := quad z 0 (squares p)) in *. set (q2 := quad z 0 (squares q)) in *.
  exists ((toR a * x + toR b * y) + - ((l - (toR a * l1 + toR b * l2)) + (k - (toR a * q1 + toR b * q2)))).
  split; [|ring]. apply sum_ok; auto.
  apply (balanced_ok _ _ (loss a (weight_of p) + loss b (weight_of q))); auto.
  rewrite Rabs_Ropp. unfold weight_of. rewrite !loss_plus.
  pose proof (sum_bound _ _ _ _ E G). lra.
Qed.
Lemma combined_ok c a p b q v w : is p v -> is q w ->
  (forall x y, contains (centre p) x -> contains (centre q) y -> contains c (toR a * x + toR b * y)) ->
  is (combined c a p b q) (toR a * v + toR b * w).
Proof.
  intros P Q C. apply blended_ok; auto. destruct P as [S _], Q as [T _].
  apply add_up_ok; apply lossy_ok; auto using weight_ok, weight_pos.
Qed.
Lemma sum_loss_ok p q a b : sized p -> sized q -> Rabs (toR a) = 1 -> Rabs (toR b) = 1 ->
  upper (sum_loss p q) (loss a (weight_of p) + loss b (weight_of q)).
Proof.
  intros S T A B. pose proof (weight_pos p). pose proof (weight_pos q). pose proof u_small.
  assert (E : toR 0x1p-50 = 8 * u).
  { rewrite (toR_power _ (-102)) by reflexivity. unfold unit_roundoff. simpl. lra. }
  apply (upper_le _ (8 * u * (weight_of p + weight_of q))).
  - apply mul_up_ok; [rewrite <- E; now apply upper_self|apply add_up_ok; now apply weight_ok|lra|lra].
  - unfold loss. rewrite A, B. pose proof theta_pos.
    assert (theta <= 1) by (unfold theta; change 1 with (bpow radix2 0); apply bpow_le; lia).
    assert (K : forall t, 0 <= t -> 4 * u * ((1 + theta) * t) <= 8 * u * t).
    { intros t P. assert (u * (theta * t) <= u * t); [|lra].
      apply Rmult_le_compat_l; [lra|]. rewrite <- (Rmult_1_l t) at 2. apply Rmult_le_compat_r; lra. }
    pose proof (K (weight_of p) ltac:(lra)). pose proof (K (weight_of q) ltac:(lra)). lra.
Qed.

Lemma shifted_ok i k p v : contains i k -> is p v -> is (shifted i p) (k + v).
Proof.
  intros K [S [x [X ->]]]. split; [exact S|]. exists (k + x). simpl. split; [now apply sum_ok|ring].
Qed.
Lemma is_constant_ok p v : is_constant p = true -> is p v -> contains (centre p) v.
Proof.
  unfold is_constant. intros H [_ [x [X E]]]. destruct (slopes p); try discriminate.
  destruct (squares p); [|discriminate]. simpl in E. replace v with x by lra. exact X.
Qed.
Lemma all_finite_opp v : all_finite v -> all_finite (vopp v).
Proof.
  induction v; simpl; auto. intros [(A & B & C & D) H]. split; auto.
  unfold all4. simpl. repeat split; now apply opp_finite.
Qed.
Lemma opposite_ok p v : is p v -> is (opposite p) (- v).
Proof.
  intros [(A & B & C & D & E & G) [x [X ->]]]. split.
  - unfold sized. simpl. rewrite vopp_total, qopp_total.
    split; [exact A|]. split; [exact B|]. split; [now apply all_finite_opp|]. split; [|auto].
    unfold finite_form, qopp. clear - D. induction D as [|r q (R0 & R1 & R2 & R3) H IH]; simpl; constructor; auto.
    unfold finite_rows. simpl. auto using all_finite_opp.
  - exists (- x). simpl. rewrite vopp_ok, qopp_ok. split; [now apply neg_ok|ring].
Qed.
Lemma plus_ok p q v w : is p v -> is q w -> is (plus p q) (v + w).
Proof.
  intros P Q. unfold plus. destruct (is_constant p) eqn:E.
  { apply shifted_ok; auto. now apply is_constant_ok. }
  destruct (is_constant q) eqn:E'.
  { rewrite Rplus_comm. apply shifted_ok; auto. now apply is_constant_ok. }
  rewrite <- (Rmult_1_l v), <- (Rmult_1_l w), <- toR_1. apply blended_ok; auto.
  { apply sum_loss_ok; [apply P|apply Q|rewrite toR_1, Rabs_R1..]; reflexivity. }
  intros x y X Y. rewrite toR_1, !Rmult_1_l. now apply sum_ok.
Qed.
Lemma toR_minus_one : toR (-1) = -1.
Proof. pose proof (toR_opp 1) as H. rewrite toR_1 in H. exact H. Qed.
Lemma minus_ok p q v w : is p v -> is q w -> is (minus p q) (v - w).
Proof.
  intros P Q. unfold minus. destruct (is_constant q) eqn:E'.
  { unfold Rminus. rewrite Rplus_comm. apply shifted_ok; auto. apply neg_ok. now apply is_constant_ok. }
  replace (v - w) with (toR 1 * v + toR (-1) * w) by (rewrite toR_1, toR_minus_one; ring).
  apply blended_ok; auto.
  { apply sum_loss_ok; [apply P|apply Q|rewrite toR_1; apply Rabs_R1|].
    rewrite toR_minus_one, Rabs_left; lra. }
  intros x y X Y. rewrite toR_1, toR_minus_one.
  replace (1 * x + -1 * y) with (x + - y) by ring. apply sum_ok; auto. now apply neg_ok.
Qed.

Lemma times_ok w k p v : contains w k -> is p v -> is (times w p) (k * v).
Proof.
  intros W P. unfold times. destruct (is_constant p) eqn:E.
  { apply constant_ok, scale_ok; auto. now apply is_constant_ok. }
  set (exact := is_eq (high w) (low w)). set (m := if exact then low w else middle w).
  destruct (finite m) eqn:Fm; [|apply constant_ok, unbounded_ok].
  destruct P as [S [x [X ->]]]. apply made_ok. intros A B.
  pose proof (vscale_ok z Z m (slopes p) 0 A) as G. pose proof (qscale_ok z Z m (squares p) 0 B) as H.
  set (l := lin z 0 (vscale _ _)) in *. set (q := quad z 0 (qscale _ _)) in *.
  set (l1 := lin z 0 (slopes p)) in *. set (q1 := quad z 0 (squares p)) in *.
  exists (k * x + (- ((l - toR m * l1) + (q - toR m * q1)) + (k - toR m) * (l1 + q1))).
  split; [|ring]. apply sum_ok; [now apply scale_ok|].
  pose proof (weight_ok p S) as WO. pose proof (weight_pos p) as WP. pose proof (weight_bound p) as WB.
  fold l1 q1 in WB.
  assert (R0 : upper (if exact then 0%float else size (sub w (point m))) (Rabs (k - toR m))).
  { destruct exact eqn:Eq; [|apply size_ok, sub_ok; auto; now apply point_ok].
    unfold exact in Eq. apply is_eq_finite in Eq; auto. destruct Eq as [Fh Eq].
    destruct W as [W1 W2]. apply finite_lower in W1; auto. apply finite_upper in W2; auto.
    unfold m. replace (k - toR (low w)) with 0 by lra. rewrite Rabs_R0. apply upper_0. }
  apply (balanced_ok _ _ (loss m (weight_of p) + Rabs (k - toR m) * weight_of p)).
  - apply add_up_ok; [now apply lossy_ok|]. apply mul_up_ok; auto. apply Rabs_pos.
  - pose proof (sum_bound _ _ _ _ G H) as GH. unfold weight_of in *. rewrite loss_plus.
    apply sum_bound; [rewrite Rabs_Ropp; lra|]. rewrite Rabs_mult.
    apply Rmult_le_compat_l; [apply Rabs_pos|exact WB].
Qed.

Lemma plus_scaled_ok w k p v q x : contains w k -> is p v -> is q x ->
  is (plus_scaled w p q) (k * v + x).
Proof.
  intros W P Q. unfold plus_scaled. destruct (_ && _ && _) eqn:E.
  - apply andb_prop in E; destruct E as [E _]. apply andb_prop in E; destruct E as [E F].
    apply is_eq_finite in E; auto. destruct E as [Fh E]. destruct W as [W1 W2].
    assert (K : k = toR (low w)).
    { apply finite_lower in W1; auto. apply finite_upper in W2; auto. lra. }
    replace (k * v + x) with (toR (low w) * v + toR 1 * x) by (rewrite toR_1, K; ring).
    apply combined_ok; auto. intros c d C D. rewrite toR_1, Rmult_1_l.
    apply sum_ok; auto. rewrite <- K. apply scale_ok; auto. now split.
  - apply plus_ok; auto. now apply times_ok.
Qed.

Lemma flat_loss_ok p : sized p -> upper (flat_loss p) (u * total_form (squares p)).
Proof.
  intros S. assert (E : toR 0x1p-53 = u).
  { rewrite (toR_power _ (-105)) by reflexivity. unfold unit_roundoff. simpl. lra. }
  apply mul_up_ok; [rewrite <- E; now apply upper_self|now apply bent_ok|pose proof u_small; lra|].
  apply total_form_pos.
Qed.
(** What the coordinates say of a value: [b], which is nearly the centre, and a form. *)
Lemma coordinates_ok p v l : is p v -> coordinates_of p = Some l ->
  exists zs b w, contains (sum (centre p) (balanced (flat_loss p))) b /\ formed zs l w /\ length zs = length l /\ List.Forall in_unit zs /\ v = b + w /\
    (exists n, zs = values z 0 n).
Proof.
  intros [S [x [X ->]]] H. unfold coordinates_of in H.
  assert (G : all_finite (slopes p)) by apply S.
  destruct (flat_ok z _ Z _ _ 0%nat _ H G) as [w [F [L B]]].
  eexists. exists (x + (lin z 0 (slopes p) + quad z 0 (squares p) - w)), w.
  split; [|split; [exact F|split; [now rewrite L|split; [now apply values_unit|split; [ring|eauto]]]]].
  apply sum_ok; auto. apply (balanced_ok _ _ (u * total_form (squares p))); [now apply flat_loss_ok|].
  rewrite <- Rabs_Ropp. eapply Rle_trans; [|exact B]. right. f_equal. ring.
Qed.

Lemma poly_range_ok p v : is p v -> contains (poly_range p) v.
Proof.
  intros P. unfold poly_range, moving. destruct (squares p) as [|r q] eqn:E.
  - destruct P as [S [x [X ->]]]. rewrite E. simpl. rewrite Rplus_0_r.
    apply sum_ok; auto. apply (balanced_ok _ _ (total (slopes p))); [now apply steep_ok|].
    now apply lin_bound.
  - clear E. destruct (coordinates_of p) as [l|] eqn:F.
    + destruct P as [S [x [X ->]]]. unfold coordinates_of in F.
      assert (G : all_finite (slopes p)) by apply S.
      destruct (flat_ok z _ Z _ _ 0%nat _ F G) as [w [K [L B]]].
      rewrite Rplus_assoc. apply sum_ok; auto.
      replace (lin z 0 (slopes p) + quad z 0 (squares p)) with
        (w + (lin z 0 (slopes p) + quad z 0 (squares p) - w)) by ring.
      apply sum_ok.
      * destruct (spread_ok l _ [] w 0 K (eq_sym L) (values_unit z 0 _ Z)) as [A C]; [constructor|].
        split; [apply (lower_le _ _ _ A)|apply (upper_le _ _ _ C)]; lra.
      * apply (balanced_ok _ _ (u * total_form (squares p))); [now apply flat_loss_ok|].
        rewrite <- Rabs_Ropp. eapply Rle_trans; [|exact B]. right. f_equal. ring.
    + destruct P as [S [x [X ->]]]. rewrite Rplus_assoc. apply sum_ok; auto.
      apply (balanced_ok _ _ (weight_of p)); [now apply weight_ok|apply weight_bound].
Qed.

Lemma poly_least_ok p v : is p v -> lower (poly_least p) v.
Proof.
  intros P. unfold poly_least. destruct (coordinates_of p) as [l|] eqn:E; [|apply unbounded_ok].
  destruct (coordinates_ok p v l P E) as (zs & b & w & B & F & L & U & -> & _).
  apply (least_value_ok sweeps _ b l zs w); auto. apply B.
Qed.
Lemma values_nth n : forall i j, (j < length (values z i n))%nat -> nth j (values z i n) 0 = z (i + j)%nat.
Proof.
  induction n; intros i j L; simpl in *; [lia|].
  destruct j as [|[|[|[|j]]]]; simpl; try (f_equal; lia). rewrite IHn by lia. f_equal. lia.
Qed.
Lemma poly_cuts_ok n p v : is p v -> v <= 0 -> forall j i, nth_error (poly_cuts n p) j = Some i ->
  contains i (z j).
Proof.
  intros P N j i. unfold poly_cuts. destruct (coordinates_of p) as [l|] eqn:E; [|destruct j; discriminate].
  destruct (coordinates_ok p v l P E) as (zs & b & w & B & F & L & U & -> & (m & ->)).
  destruct (parabolas_ok l _ [] w 0 F L U) as [x [X Le]]; [constructor|].
  assert (K : b + x <= 0) by lra.
  pose proof (cuts_ok n _ _ _ _ _ X U (proj1 B) K) as C. set (cs := cuts n _ _) in *. clearbody cs.
  intros H. assert (J : (j < length cs)%nat) by (apply nth_error_Some; congruence).
  assert (G : forall (a : list interval) c, Forall2 contains a c -> forall j i, nth_error a j = Some i ->
    contains i (nth j c 0)).
  { clear. induction 1; intros [|j] i E; simpl in *; try discriminate; [now inversion E; subst|auto]. }
  pose proof (G _ _ C _ _ H) as K'.
  assert (Lf : length (firstn (length cs) (values z 0 m)) = length cs).
  { clear - C. symmetry. induction C; simpl; auto. }
  rewrite firstn_length in Lf.
  assert (Nf : nth j (firstn (length cs) (values z 0 m)) 0 = nth j (values z 0 m) 0).
  { clear - J. revert J. generalize (length cs) as k, (values z 0 m) as y. clear.
    induction j; intros [|k] [|a y] J; simpl; auto; try lia. apply IHj. lia. }
  rewrite Nf, values_nth in K' by lia. exact K'.
Qed.
End Rules.
