(** Bounds of quadratic polynomials on [-1, 1]^m, coordinate by coordinate.

    Of each mixed term half is charged to both squares, which leaves a parabola in each variable;
    where the polynomial is monotone in a variable it is least at an end, whatever the others are,
    and its mixed terms become linear.  In words: [proofs/theory/L-MODEL.md], section 2. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Intervals Arithmetic Rounding Vectors.
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

Lemma weighed_pos z c w : weighed z c w -> 0 <= w.
Proof.
  induction 1; try lra. pose proof (Rle_0_sqr x) as S. unfold Rsqr in S.
  assert (0 <= b * (x * x)) by (apply Rmult_le_pos; lra). lra.
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

(** ** The least value where some variables are monotone *)

Fixpoint delete {A} (i : nat) (l : list A) : list A :=
  match l, i with [], _ => [] | _ :: l, O => l | x :: l, S i => x :: delete i l end.
Fixpoint take (i : nat) (f : list coord) : option (coord * list coord) :=
  match f, i with
  | [], _ => None
  | c :: f, O => Some (c, f)
  | c :: f, S i =>
    match take i f with
    | None => None
    | Some (d, f) =>
      Some (Coord (slope d) (bend d) (nth i (mixed c) 0%float :: mixed d),
            Coord (slope c) (bend c) (delete i (mixed c)) :: f)
    end
  end.

Lemma rowdot_delete i : forall m z, (i < length z)%nat ->
  rowdot m z = toR (nth i m 0%float) * nth i z 0 + rowdot (delete i m) (delete i z).
Proof.
  induction i; intros [|a m] [|x z] L; simpl in *; try lia; rewrite ?toR_0; try ring.
  rewrite (IHi m z) by lia. ring.
Qed.
Lemma take_ok i : forall f c f' z v, take i f = Some (c, f') -> formed z f v -> length z = length f ->
  exists g v', (i < length z)%nat /\ contains (slope c) g /\ formed (delete i z) f' v' /\
    length (delete i z) = length f' /\
    v = nth i z 0 * (g + toR (bend c) * nth i z 0 + rowdot (mixed c) (delete i z)) + v'.
Proof.
  induction i as [|i IHi]; intros [|c f] d f' z v T H L; simpl in T; try discriminate;
    destruct (formed_cons_inv _ _ _ _ H) as (x & z' & g & v' & -> & G & H' & ->); injection L as L'.
  - inversion T; subst. exists g, v'. simpl. split; [lia|]. auto.
  - destruct (take i f) as [[e f'']|] eqn:E; [|discriminate]. inversion T; subst; clear T.
    destruct (IHi _ _ _ _ _ E H' L') as (k & w & I & K & F & L'' & ->).
    exists k, (x * (g + toR (bend c) * x + rowdot (delete i (mixed c)) (delete i z')) + w). simpl.
    split; [lia|]. split; [exact K|].
    split; [exact (formed_cons x _ (Coord (slope c) (bend c) (delete i (mixed c))) _ _ _ G F)|].
    split; [now rewrite L''|].
    rewrite (rowdot_delete i (mixed c) z') by lia. ring.
Qed.
Lemma delete_unit i z : List.Forall in_unit z -> List.Forall in_unit (delete i z).
Proof. intros H. revert i. induction H; intros [|i]; simpl; auto. Qed.
Lemma nth_unit i z : List.Forall in_unit z -> (i < length z)%nat -> in_unit (nth i z 0).
Proof. intros H. revert i. induction H; intros [|i] L; simpl in *; auto; try lia. apply IHForall; lia. Qed.

(** The slopes after a variable has been set to 1, or to -1. *)
Definition number (f : float) : interval := if finite f then point f else unbounded.
Lemma number_ok f : contains (number f) (toR f).
Proof. unfold number. destruct (finite f) eqn:E; [now apply point_ok|apply unbounded_ok]. Qed.
Fixpoint moved (up : bool) (m : list float) (f : list coord) : list coord :=
  match m, f with
  | a :: m, c :: f =>
    Coord (if is_eq a 0 then slope c else
           if up then add (slope c) (number a) else sub (slope c) (number a)) (bend c) (mixed c)
    :: moved up m f
  | _, f => f
  end.
Lemma moved_length s m : forall f, length (moved s m f) = length f.
Proof. induction m; intros [|c f]; simpl; auto. Qed.
Lemma moved_ok s m : forall f z v, formed z f v -> length z = length f ->
  formed z (moved s m f) (v + (if s then 1 else -1) * rowdot m z).
Proof.
  induction m as [|a m IH]; intros f z v H L.
  - apply (formed_eq _ _ v); [destruct f; exact H|destruct z; simpl; ring].
  - destruct f as [|c f].
    + destruct z; [|discriminate]. apply (formed_eq _ _ v); [exact H|simpl; ring].
    + destruct (formed_cons_inv _ _ _ _ H) as (x & z' & g & v' & -> & G & H' & ->).
      inversion L as [L']. pose proof (IH f z' v' H' L') as K. simpl.
      assert (N : contains (if is_eq a 0 then slope c else
        if s then add (slope c) (number a) else sub (slope c) (number a))
        (g + (if s then 1 else -1) * toR a)).
      { destruct (is_eq a 0) eqn:E.
        - apply is_eq_finite in E; auto. destruct E as [_ E]. rewrite E, toR_0, Rmult_0_r, Rplus_0_r. exact G.
        - pose proof (number_ok a). destruct s.
          + rewrite Rmult_1_l. now apply add_ok.
          + replace (g + -1 * toR a) with (g - toR a) by ring. now apply sub_ok. }
      eapply formed_eq; [exact (formed_cons x z' (Coord _ (bend c) (mixed c)) _ _ _ N K)|].
      simpl. ring.
Qed.

(** Whether the variable is to be set to 1 or to -1. *)
Definition side (c : coord) : option bool :=
  let b := add_up (add_up (abs (bend c)) (abs (bend c))) (sum_up (map abs (mixed c))) in
  if finite b then
    if is_le b (low (slope c)) then Some false
    else if is_le (high (slope c)) (- b) then Some true else None
  else None.

Lemma rowdot_bound m : forall z, List.Forall in_unit z ->
  exists b, upper (sum_up (map abs m)) b /\ Rabs (rowdot m z) <= b.
Proof.
  induction m as [|a m IH]; intros z U; simpl.
  - exists 0. split; [apply upper_0|rewrite Rabs_R0; lra].
  - assert (U' : List.Forall in_unit (tl z)) by (destruct U; simpl; auto).
    destruct (IH (tl z) U') as [b [B E]].
    exists (Rabs (toR a) + b). split; [apply add_up_ok; auto; apply abs_upper|].
    pose proof (Rabs_pos (toR a)). destruct z as [|x z].
    + rewrite Rabs_R0. pose proof (Rabs_pos (rowdot m [])). simpl in E. lra.
    + eapply Rle_trans; [apply Rabs_triang|]. inversion U; subst.
      pose proof (times_unit (toR a) x H2). simpl in E. lra.
Qed.

Lemma side_ok c g x z s : side c = Some s -> contains (slope c) g -> in_unit x ->
  List.Forall in_unit z ->
  let t := if s then 1 else -1 in
  t * g + toR (bend c) + t * rowdot (mixed c) z <=
  x * (g + toR (bend c) * x + rowdot (mixed c) z).
Proof.
  unfold side. intros H G X U. destruct (rowdot_bound (mixed c) z U) as [m [M E]].
  set (b := add_up _ _) in H. destruct (finite b) eqn:Fb; [|discriminate].
  assert (B : upper b (2 * Rabs (toR (bend c)) + m)).
  { replace (2 * Rabs (toR (bend c))) with (Rabs (toR (bend c)) + Rabs (toR (bend c))) by ring.
    repeat apply add_up_ok; auto; apply abs_upper. }
  apply finite_upper in B; auto. unfold in_unit in X. set (r := rowdot (mixed c) z) in *.
  set (d := toR (bend c)) in *.
  assert (D : - Rabs d <= d <= Rabs d) by (unfold Rabs; destruct Rcase_abs; lra).
  assert (R' : - m <= r <= m) by (revert E; unfold Rabs; destruct Rcase_abs; lra).
  destruct (is_le b (low (slope c))) eqn:E1.
  - inversion H; subst; clear H. pose proof (le_finite _ _ _ (proj1 G) Fb E1). cbv zeta.
    assert (0 <= (x + 1) * (g + r + d * (x - 1))); [|lra].
    apply Rmult_le_pos; [lra|]. assert (- (2 * Rabs d) <= d * (x - 1)); [|lra].
    assert (0 <= (1 - x) * (Rabs d - d)) by (apply Rmult_le_pos; lra).
    assert (0 <= (1 + x) * Rabs d) by (apply Rmult_le_pos; [lra|apply Rabs_pos]). lra.
  - destruct (is_le (high (slope c)) (- b)) eqn:E2; [|discriminate].
    inversion H; subst; clear H. destruct (opp_finite b Fb) as [F' N].
    pose proof (finite_ge _ _ _ (proj2 G) F' E2) as K. rewrite N in K. cbv zeta.
    assert (0 <= (1 - x) * (- g - r - d * (x + 1))); [|lra].
    apply Rmult_le_pos; [lra|]. assert (d * (x + 1) <= 2 * Rabs d); [|lra].
    assert (0 <= (1 + x) * (Rabs d - d)) by (apply Rmult_le_pos; lra).
    assert (0 <= (1 - x) * Rabs d) by (apply Rmult_le_pos; [lra|apply Rabs_pos]). lra.
Qed.

(** The last variable that seems to be monotone; [step] tests what is proposed here. *)
Fixpoint sums (s t : list float) : list float :=
  match s, t with
  | [], t => map abs t
  | s, [] => s
  | a :: s, b :: t => (a + abs b)%float :: sums s t
  end.
Fixpoint sizes (b : float) (m : list float) : float :=
  match m with [] => b | a :: m => sizes (b + abs a) m end.
Fixpoint pick (i : nat) (f : list coord) (carry : list float) : option nat :=
  match f with
  | [] => None
  | c :: f =>
    match pick (S i) f (sums (tl carry) (mixed c)) with
    | Some j => Some j
    | None =>
      let b := sizes (2 * abs (bend c) + hd 0%float carry) (mixed c) in
      if is_le b (low (slope c)) then Some i else if is_le (high (slope c)) (- b) then Some i else None
    end
  end.
Definition value_here (c : float) (f : list coord) : float :=
  add_down c (sum_down (map least_of (parabolas f []))).
Fixpoint least_value (steps : nat) (c : float) (f : list coord) : float :=
  match steps with
  | O => value_here c f
  | S k =>
    match pick 0 f [] with
    | None => value_here c f
    | Some i =>
      match take i f with
      | None => value_here c f
      | Some (d, f') =>
        match side d with
        | None => value_here c f
        | Some s =>
          let ends := add (if s then slope d else neg (slope d)) (number (bend d)) in
          least_value k (add_down c (low ends)) (moved s (mixed d) f')
        end
      end
    end
  end.

Lemma least_value_ok steps : forall c b f z v, lower c b -> formed z f v -> length z = length f ->
  List.Forall in_unit z -> lower (least_value steps c f) (b + v).
Proof.
  assert (H0 : forall c b f z v, lower c b -> formed z f v -> length z = length f ->
    List.Forall in_unit z -> lower (value_here c f) (b + v)).
  { intros c b f z v C H L U. apply add_down_ok; auto.
    destruct (parabolas_ok f z [] v 0 H L U) as [x [X Le]]; [constructor|].
    apply (lower_le _ x); [|lra]. now apply (leasts_ok z). }
  induction steps; intros c b f z v C H L U; simpl; eauto.
  destruct (pick 0 f []) as [i|]; eauto. destruct (take i f) as [[d f']|] eqn:T; eauto.
  destruct (side d) as [s|] eqn:E; eauto.
  destruct (take_ok _ _ _ _ _ _ T H L) as (g & v' & I & G & F & L' & ->).
  set (x := nth i z 0) in *. set (z' := delete i z) in *.
  pose proof (nth_unit i z U I) as X. pose proof (delete_unit i z U) as U'.
  pose proof (side_ok d g x z' s E G X U') as S. cbv zeta in S. set (t := if s then 1 else -1) in *.
  apply (lower_le _ (b + (t * g + toR (bend d)) + (v' + t * rowdot (mixed d) z'))); [|lra].
  apply (IHsteps _ _ _ z'); auto.
  - apply add_down_ok; auto.
    assert (K : contains (add (if s then slope d else neg (slope d)) (number (bend d))) (t * g + toR (bend d))).
    { apply add_ok; [|apply number_ok]. unfold t. destruct s; [now rewrite Rmult_1_l|].
      replace (-1 * g) with (- g) by ring. now apply neg_ok. }
    apply K.
  - now apply moved_ok.
  - now rewrite moved_length.
Qed.
