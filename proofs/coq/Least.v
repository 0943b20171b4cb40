(** The least value of a quadratic where some variables are monotone.

    Such a variable is set to 1 or to -1, whatever the others are, and its mixed terms become linear; a
    sweep does so for all variables, and another one for those that are monotone only then. *)
From Coq Require Import Reals List Lra Lia Psatz Bool Floats.
From Interval Require Import Float.Basic Float.Sig Real.Xreal.
From Certify Require Import Intervals Arithmetic Bounds Rounding Vectors Quadratics.
Import ListNotations.
Local Open Scope R_scope.

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

(** Whether the variable is to be set to 1 or to -1, where those before it, which are not set, add to its
    slope at most [carry]. *)
Definition side (c : coord) (carry : float) : option bool :=
  let b := add_up (add_up (abs (bend c)) (abs (bend c))) (add_up carry (sum_abs (mixed c))) in
  if finite b then
    if is_le b (low (slope c)) then Some false
    else if is_le (high (slope c)) (- b) then Some true else None
  else None.
Definition end_of (s : bool) : R := if s then 1 else -1.

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

Lemma side_ok c carry g x z t s : side c carry = Some s -> contains (slope c) g -> in_unit x ->
  List.Forall in_unit z -> upper carry (Rabs t) ->
  end_of s * g + toR (bend c) + end_of s * rowdot (mixed c) z + end_of s * t <=
  x * (g + toR (bend c) * x + rowdot (mixed c) z) + t * x.
Proof.
  unfold side. intros H G X U T. destruct (rowdot_bound (mixed c) z U) as [m [M E]].
  set (b := add_up _ _) in H. destruct (finite b) eqn:Fb; [|discriminate].
  assert (B : upper b (2 * Rabs (toR (bend c)) + (Rabs t + m))).
  { replace (2 * Rabs (toR (bend c))) with (Rabs (toR (bend c)) + Rabs (toR (bend c))) by ring.
    rewrite <- sum_abs_eq in M. repeat apply add_up_ok; auto; apply abs_upper. }
  apply finite_upper in B; auto. unfold in_unit in X. set (r := rowdot (mixed c) z) in *.
  set (d := toR (bend c)) in *.
  assert (D : - Rabs d <= d <= Rabs d) by (unfold Rabs; destruct Rcase_abs; lra).
  assert (R' : - (Rabs t + m) <= t + r <= Rabs t + m) by (revert E; unfold Rabs; repeat destruct Rcase_abs; lra).
  destruct (is_le b (low (slope c))) eqn:E1.
  - inversion H; subst; clear H. pose proof (le_finite _ _ _ (proj1 G) Fb E1). simpl.
    assert (0 <= (x + 1) * (g + (t + r) + d * (x - 1))); [|lra].
    apply Rmult_le_pos; [lra|]. assert (- (2 * Rabs d) <= d * (x - 1)); [|lra].
    assert (0 <= (1 - x) * (Rabs d - d)) by (apply Rmult_le_pos; lra).
    assert (0 <= (1 + x) * Rabs d) by (apply Rmult_le_pos; [lra|apply Rabs_pos]). lra.
  - destruct (is_le (high (slope c)) (- b)) eqn:E2; [|discriminate].
    inversion H; subst; clear H. destruct (opp_finite b Fb) as [F' N].
    pose proof (finite_ge _ _ _ (proj2 G) F' E2) as K. rewrite N in K. simpl.
    assert (0 <= (1 - x) * (- g - (t + r) - d * (x + 1))); [|lra].
    apply Rmult_le_pos; [lra|]. assert (d * (x + 1) <= 2 * Rabs d); [|lra].
    assert (0 <= (1 + x) * (Rabs d - d)) by (apply Rmult_le_pos; lra).
    assert (0 <= (1 - x) * Rabs d) by (apply Rmult_le_pos; [lra|apply Rabs_pos]). lra.
Qed.

(** ** What is left where some variables are set, and where *)

Notation signs := (list (option bool)).
Fixpoint left {A} (l : signs) (m : list A) : list A :=
  match l, m with
  | Some _ :: l, _ :: m => left l m
  | None :: l, a :: m => a :: left l m
  | _, _ => []
  end.
Fixpoint put (l : signs) (z : list R) : list R :=
  match l, z with
  | Some s :: l, _ :: z => end_of s :: put l z
  | None :: l, x :: z => x :: put l z
  | _, _ => []
  end.
Fixpoint set_slope (l : signs) (m : list float) (g : interval) : interval :=
  match l, m with
  | Some s :: l, a :: m =>
    set_slope l m (if is_eq a 0 then g else if s then add g (number a) else sub g (number a))
  | None :: l, _ :: m => set_slope l m g
  | _, _ => g
  end.
Lemma set_slope_ok l : forall m z i g, length z = length l -> contains i g ->
  exists g', contains (set_slope l m i) g' /\ g' + rowdot (left l m) (left l z) = g + rowdot m (put l z).
Proof.
  induction l as [|o l IH]; intros m z i g L G; destruct z as [|x z]; try discriminate.
  { exists g. destruct m; simpl; auto. }
  injection L as L. destruct m as [|a m].
  { exists g. destruct o; simpl; auto. }
  destruct o as [s|]; cbn [set_slope left put rowdot].
  - set (i' := if is_eq a 0 then _ else _).
    assert (K : contains i' (g + end_of s * toR a)).
    { unfold i'. destruct (is_eq a 0) eqn:E.
      - apply is_eq_finite in E; auto. destruct E as [_ E]. rewrite E, toR_0, Rmult_0_r, Rplus_0_r. exact G.
      - pose proof (number_ok a). destruct s; simpl.
        + rewrite Rmult_1_l. now apply add_ok.
        + replace (g + -1 * toR a) with (g - toR a) by ring. now apply sub_ok. }
    destruct (IH m z i' _ L K) as [g' [C E]]. exists g'. split; auto. rewrite E. ring.
  - destruct (IH m z i g L G) as [g' [C E]]. exists g'. split; auto. lra.
Qed.

(** ** A sweep *)

(** [c] bounds what does not depend on the variables from below. *)
Fixpoint sweep (n : nat) (c : float) (f : list coord) (carry : list float) : float * list coord * signs :=
  match n, f with
  | S n, d :: f =>
    match side d (hd 0%float carry) with
    | Some s =>
      let ends := add (if s then slope d else neg (slope d)) (number (bend d)) in
      let '(c, f, l) := sweep n (add_down c (low ends)) (moved s (mixed d) f) (tl carry) in (c, f, Some s :: l)
    | None =>
      let '(c, f, l) := sweep n c f (charge (tl carry) (mixed d)) in
      (c, Coord (set_slope l (mixed d) (slope d)) (bend d) (left l (mixed d)) :: f, None :: l)
    end
  | _, _ => (c, f, map (fun _ => None) f)
  end.

(** Further linear terms, whose coefficients are at most [carry]. *)
Fixpoint linear (t : nat -> R) (z : list R) : R :=
  match z with [] => 0 | x :: z => t O * x + linear (fun i => t (S i)) z end.
Definition carried (carry : list float) (t : nat -> R) : Prop := forall i, upper (nth i carry 0%float) (Rabs (t i)).
Lemma carried_tl carry t : carried carry t -> carried (tl carry) (fun i => t (S i)).
Proof. intros H i. specialize (H (S i)). destruct carry as [|a carry]; [destruct i|]; exact H. Qed.
Lemma carried_hd carry t : carried carry t -> upper (hd 0%float carry) (Rabs (t O)).
Proof. intros H. specialize (H O). destruct carry; exact H. Qed.
Lemma carried_charge x m : in_unit x -> forall carry t, carried carry t ->
  carried (charge carry m) (fun i => t i + x * toR (nth i m 0%float)).
Proof.
  intros X.
  assert (K : forall c a b, upper c (Rabs a) -> upper (add_up c (abs b)) (Rabs (a + x * toR b))).
  { intros c a b C. eapply upper_le; [apply add_up_ok; [exact C|apply abs_upper]|].
    eapply Rle_trans; [apply Rabs_triang|]. rewrite (Rmult_comm x). pose proof (times_unit (toR b) x X). lra. }
  induction m as [|a m IH]; intros carry t H i.
  - replace (charge carry []) with carry by now destruct carry. destruct i; simpl; rewrite toR_0, Rmult_0_r, Rplus_0_r; apply H.
  - destruct carry as [|c carry].
    + simpl charge. assert (Z : t i = 0).
      { specialize (H i). replace (nth i [] 0%float) with 0%float in H by now destruct i.
        apply finite_upper in H; auto. rewrite toR_0 in H. pose proof (Rabs_pos (t i)). revert H0 H. unfold Rabs. destruct Rcase_abs; lra. }
      pose proof (map_nth abs (a :: m) 0%float i : nth i (map abs (a :: m)) 0%float = abs (nth i (a :: m) 0%float)) as Nm.
      rewrite Z, Rplus_0_l. change (abs a :: map abs m) with (map abs (a :: m)). rewrite Nm. eapply upper_le; [apply abs_upper|].
      rewrite Rmult_comm. now apply times_unit.
    + destruct i as [|i]; simpl.
      * apply K. apply (H O).
      * apply (IH carry (fun i => t (S i))). intros j. apply (H (S j)).
Qed.
Lemma linear_same z : forall s t, (forall i, s i = t i) -> linear s z = linear t z.
Proof. induction z as [|y z IH]; intros s t E; simpl; auto. rewrite E, (IH _ (fun i => t (S i))); auto. Qed.
Lemma linear_row z : forall t x m, linear (fun i => t i + x * toR (nth i m 0%float)) z = linear t z + x * rowdot m z.
Proof.
  induction z as [|y z IH]; intros t x m.
  - destruct m; simpl; ring.
  - destruct m as [|a m].
    + rewrite (linear_same _ _ t); [simpl; ring|]. intros [|i]; simpl; rewrite toR_0; ring.
    + cbn [linear nth rowdot]. rewrite (IH (fun i => t (S i)) x m). ring.
Qed.

Lemma sweep_ok n : forall c f carry c' f' l z v b t, sweep n c f carry = (c', f', l) ->
  formed z f v -> length z = length f -> List.Forall in_unit z -> lower c b -> carried carry t ->
  exists b' v', lower c' b' /\ formed (left l z) f' v' /\ length (left l z) = length f' /\ length l = length z /\
    List.Forall in_unit (left l z) /\ b' + v' + linear t (put l z) <= b + v + linear t z.
Proof.
  assert (N : forall c f carry c' f' l z v b t, (c, f, map (fun _ => None) f) = (c', f', l) ->
    formed z f v -> length z = length f -> List.Forall in_unit z -> lower c b -> carried carry t ->
    exists b' v', lower c' b' /\ formed (left l z) f' v' /\ length (left l z) = length f' /\ length l = length z /\
      List.Forall in_unit (left l z) /\ b' + v' + linear t (put l z) <= b + v + linear t z).
  { intros c f carry c' f' l z v b t E F L U C T. inversion E; subst; clear E.
    assert (K : left (map (fun _ => None) f') z = z /\ put (map (fun _ => None) f') z = z).
    { clear -L. revert z L. induction f'; intros [|x z] L; simpl in *; try discriminate; auto.
      injection L as L. destruct (IHf' z L) as [E1 E2]. now rewrite E1, E2. }
    destruct K as [K1 K2]. rewrite K1, K2. exists b, v. rewrite map_length. split; [exact C|]. split; [exact F|]. split; [exact L|]. split; [now symmetry|]. split; [exact U|lra]. }
  induction n as [|n IH]; intros c f carry c' f' l z v b t E F L U C T; simpl in E; [now apply (N c f carry c' f' l z)|].
  destruct f as [|d f]; [now apply (N c [] carry c' f' l z)|].
  destruct (formed_cons_inv _ _ _ _ F) as (x & z0 & g & v0 & -> & G & F0 & ->).
  injection L as L0. inversion U as [|? ? X U0]; subst.
  destruct (side d (hd 0%float carry)) as [s|] eqn:Sd.
  - destruct (sweep n _ _ _) as [[c1 f1] l1] eqn:E1. inversion E; subst; clear E.
    assert (K : contains (add (if s then slope d else neg (slope d)) (number (bend d))) (end_of s * g + toR (bend d))).
    { apply add_ok; [|apply number_ok]. unfold end_of. destruct s; [now rewrite Rmult_1_l|].
      replace (-1 * g) with (- g) by ring. now apply neg_ok. }
    destruct (IH _ _ _ _ _ _ z0 (v0 + end_of s * rowdot (mixed d) z0) (b + (end_of s * g + toR (bend d)))
      (fun i => t (S i)) E1) as (b' & v' & Cb & Fv & Lf & Ll & Ul & Le); auto.
    + now apply moved_ok.
    + now rewrite moved_length.
    + apply add_down_ok; auto. apply K.
    + now apply carried_tl.
    + exists b', v'. cbn [left put length linear]. split; [exact Cb|]. split; [exact Fv|]. split; [exact Lf|].
      split; [now rewrite Ll|]. split; [exact Ul|].
      pose proof (side_ok d _ g x z0 (t O) s Sd G X U0 (carried_hd _ _ T)). lra.
  - destruct (sweep n _ _ _) as [[c1 f1] l1] eqn:E1. inversion E; subst; clear E.
    destruct (IH _ _ _ _ _ _ z0 v0 b (fun i => t (S i) + x * toR (nth i (mixed d) 0%float)) E1)
      as (b' & v' & Cb & Fv & Lf & Ll & Ul & Le); auto.
    + apply (carried_charge x (mixed d) X (tl carry) (fun i => t (S i))). now apply carried_tl.
    + rewrite !(linear_row _ (fun i => t (S i))) in Le.
      destruct (set_slope_ok l1 (mixed d) z0 (slope d) g (eq_sym Ll) G) as [g' [G' Eg]].
      exists b', (x * (g' + toR (bend d) * x + rowdot (left l1 (mixed d)) (left l1 z0)) + v').
      cbn [left put length linear]. split; [exact Cb|]. split; [|split; [now rewrite Lf|split; [now rewrite Ll|split; [now constructor|]]]].
      * exact (formed_cons x _ (Coord _ (bend d) (left l1 (mixed d))) _ _ _ G' Fv).
      * replace (g' + toR (bend d) * x + rowdot (left l1 (mixed d)) (left l1 z0)) with
          (g + rowdot (mixed d) (put l1 z0) + toR (bend d) * x) by lra. lra.
Qed.

(** ** Several of them *)

Definition value_here (c : float) (f : list coord) : float :=
  add_down c (sum_down (map least_of (parabolas f []))).
Definition any_set (l : signs) : bool := existsb (fun s => match s with Some _ => true | None => false end) l.
Fixpoint least_value (sweeps : nat) (c : float) (f : list coord) : float :=
  match sweeps with
  | O => value_here c f
  | S k =>
    let '(c', f', l) := sweep (length f) c f [] in
    if any_set l then least_value k c' f' else value_here c f
  end.

Lemma least_value_ok sweeps : forall c b f z v, lower c b -> formed z f v -> length z = length f ->
  List.Forall in_unit z -> lower (least_value sweeps c f) (b + v).
Proof.
  assert (H0 : forall c b f z v, lower c b -> formed z f v -> length z = length f ->
    List.Forall in_unit z -> lower (value_here c f) (b + v)).
  { intros c b f z v C H L U. apply add_down_ok; auto.
    destruct (parabolas_ok f z [] v 0 H L U) as [x [X Le]]; [constructor|].
    apply (lower_le _ x); [|lra]. now apply (leasts_ok z). }
  induction sweeps; intros c b f z v C H L U; simpl; eauto.
  destruct (sweep (length f) c f []) as [[c' f'] l] eqn:E. destruct (any_set l); eauto.
  destruct (sweep_ok _ _ _ _ _ _ _ z v b (fun _ => 0) E H L U C) as (b' & v' & Cb & Fv & Lf & _ & Ul & Le).
  { intros i. replace (nth i [] 0%float) with 0%float by now destruct i. rewrite Rabs_R0. apply upper_0. }
  assert (Z : forall y, linear (fun _ => 0) y = 0) by (induction y as [|a y IHy]; simpl; [|rewrite IHy]; ring).
  rewrite !Z in Le. apply (lower_le _ (b' + v')); [|lra]. eauto.
Qed.
